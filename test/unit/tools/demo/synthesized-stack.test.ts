import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emulationImageTag } from "../../../../lib/docker/images/emulation-image";
import { Local2x8 } from "../../../../stacks/local-2x8";
import { localStackOf, localStacks, stackNamed } from "../../../../tools/demo/synthesized-stack";
import { Synthesized } from "../../../support/synth";

describe("a synthesized stack", () => {
  const synthesized = Synthesized.app((app) => new Local2x8(app, "local-2x8"), "local-2x8");
  afterAll(() => {
    synthesized.remove();
  });

  it("tells what it creates, where it is reached and what it runs", () => {
    const stack = localStackOf("local-2x8", synthesized.json);
    const workload = stack?.workload;
    expect({ ...stack, workload: undefined, containers: [...(stack?.containers ?? [])].sort() }).toEqual({
      name: "local-2x8",
      containers: ["local-2x8-gate", "local-2x8-npu-0", "local-2x8-npu-1"],
      images: [emulationImageTag()],
      networks: ["local-2x8"],
      volumes: ["local-2x8"],
      head: "local-2x8-npu-0",
      gate: "local-2x8-gate",
      endpoint: "http://127.0.0.1:8000",
    });
    expect(workload?.cluster).toBe("local-2x8");
    expect(workload?.deadlines.serving).toBeGreaterThan(0);
    expect(workload?.engine.api?.proof[0].expect).toBe("16 of 16 ranks");
  });

  it("reads what Terraform would read where a text holds a dollar and a brace", () => {
    const text = JSON.stringify(synthesized.json).replaceAll("Who is there?", "$${who} %%{is}");
    const body = localStackOf("x", JSON.parse(text))?.workload.engine.api?.proof[0].body;
    expect(JSON.stringify(body)).toContain("${who} %{is}");
  });

  it("is none of ours without a local cluster in it", () => {
    expect(localStackOf("other", { resource: {} })).toBeUndefined();
    expect(localStackOf("other", {})).toBeUndefined();
  });
});

describe("localStacks", () => {
  const root = mkdtempSync(join(tmpdir(), "ray-cluster-app-"));
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it("finds the local clusters among the stacks of an app", () => {
    const synthesized = Synthesized.app((app) => new Local2x8(app, "local-2x8"), "local-2x8");
    const stacks: { [name: string]: string } = { "local-2x8": synthesized.text, cloud: "{}" };
    synthesized.remove();
    const manifest: { [name: string]: object } = {};
    for (const [name, text] of Object.entries(stacks)) {
      mkdirSync(join(root, "cdktf.out", "stacks", name), { recursive: true });
      writeFileSync(join(root, "cdktf.out", "stacks", name, "cdk.tf.json"), text);
      manifest[name] = { name, synthesizedStackPath: `stacks/${name}/cdk.tf.json` };
    }
    writeFileSync(join(root, "cdktf.out", "manifest.json"), JSON.stringify({ stacks: manifest }));
    const found = localStacks(root);
    expect(found.map((stack) => stack.name)).toEqual(["local-2x8"]);
    expect(stackNamed(found, "local-2x8")).toBe(found[0]);
    expect(() => stackNamed(found, "cloud")).toThrow(
      "unknown local cluster 'cloud'; the stacks have local-2x8",
    );
    expect(readFileSync(join(root, "cdktf.out", "manifest.json"), "utf8")).toContain("cloud");
  });
});
