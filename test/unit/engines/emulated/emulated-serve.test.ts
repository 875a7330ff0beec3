import { readdirSync } from "node:fs";
import * as path from "node:path";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import type { EngineContext } from "../../../../lib/topology/engine-spec";

const context: EngineContext = {
  clusterName: "c",
  accelerators: 32,
  acceleratorNodes: 4,
  acceleratorsPerNode: 8,
  rayResource: "GPU",
};

test("it asks every accelerator of the cluster and expects an answer of each", () => {
  const spec = new EmulatedServe().bind(context);
  expect(spec.argv).toEqual([
    "python3",
    "/opt/ray-cluster/emulated_serve.py",
    ...["--host", "0.0.0.0"],
    ...["--port", "8000"],
    ...["--model", "emulated"],
    ...["--resource", "GPU"],
    ...["--ranks", "32"],
  ]);
  expect(spec.completion).toEqual({
    path: "/v1/chat/completions",
    body: {
      model: "emulated",
      messages: [{ role: "user", content: "Who is there?" }],
      max_tokens: 64,
      temperature: 0,
    },
    mustContain: "32 of 32 ranks",
  });
});

test("port and model are the user's, in the command and in the check alike", () => {
  const spec = new EmulatedServe({ port: 9000, servedModel: "mine" }).bind(context);
  expect(spec).toMatchObject({ name: "emulated", port: 9000, servedModel: "mine", healthPath: "/health" });
  expect(spec.argv.join(" ")).toContain("--port 9000 --model mine");
  expect(spec.completion.body.model).toBe("mine");
});

test("its program and everything beside the program come along", () => {
  const { files } = new EmulatedServe().bind(context);
  const folder = path.join(__dirname, "../../../../lib/engines/emulated");
  const programs = readdirSync(folder).filter((name) => name.endsWith(".py"));
  expect(files.map(({ path: target, source }) => [target, source]).sort()).toEqual(
    programs.sort().map((name) => [`/opt/ray-cluster/${name}`, path.join(folder, name)]),
  );
});

test("it depends on the shape alone", () => {
  expect(new EmulatedServe().bind(context)).toEqual(
    new EmulatedServe().bind({ ...context, clusterName: "other" }),
  );
});
