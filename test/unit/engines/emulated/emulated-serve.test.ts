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

test("EmulatedServe expects an answer from every accelerator of the cluster", () => {
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
  expect(spec.api?.proof).toEqual([
    {
      kind: "chat",
      path: "/v1/chat/completions",
      body: {
        model: "emulated",
        messages: [{ role: "user", content: "Who is there?" }],
        max_tokens: 64,
        temperature: 0,
      },
      expect: "32 of 32 ranks",
    },
  ]);
});

test("EmulatedServe uses the given port and model in the command and in the check", () => {
  const spec = new EmulatedServe({ port: 9000, servedModel: "mine" }).bind(context);
  expect(spec).toMatchObject({
    name: "emulated",
    api: { port: 9000, servedModel: "mine", healthPath: "/health" },
  });
  expect(spec.argv.join(" ")).toContain("--port 9000 --model mine");
  expect(spec.api?.proof[0].body.model).toBe("mine");
});

test("EmulatedServe brings all of its program's files", () => {
  const { files } = new EmulatedServe().bind(context);
  const folder = path.join(__dirname, "../../../../lib/engines/emulated");
  const programs = readdirSync(folder).filter((name) => name.endsWith(".py"));
  expect(files.map(({ path: target, source }) => [target, source]).sort()).toEqual(
    programs.sort().map((name) => [`/opt/ray-cluster/${name}`, path.join(folder, name)]),
  );
});

test("EmulatedServe does not depend on the cluster's name", () => {
  expect(new EmulatedServe().bind(context)).toEqual(
    new EmulatedServe().bind({ ...context, clusterName: "other" }),
  );
});
