import { CustomServe } from "../../../lib/engines/custom-serve";
import { Proof } from "../../../lib/topology/values/proof";
import type { EngineContext } from "../../../lib/topology/engine-spec";

const context: EngineContext = {
  clusterName: "c",
  accelerators: 16,
  acceleratorNodes: 2,
  acceleratorsPerNode: 8,
  rayResource: "NPU",
};

test("CustomServe needs only its command and its model", () => {
  expect(new CustomServe({ argv: ["my-server", "--model", "m"], servedModel: "m" }).bind(context)).toEqual({
    name: "custom",
    declared: { argv: ["my-server", "--model", "m"], servedModel: "m" },
    argv: ["my-server", "--model", "m"],
    api: {
      port: 8000,
      healthPath: "/health",
      servedModel: "m",
      proof: [
        {
          kind: "chat",
          path: "/v1/chat/completions",
          body: {
            model: "m",
            messages: [{ role: "user", content: "Who is there?" }],
            max_tokens: 64,
            temperature: 0,
          },
        },
        {
          kind: "completion",
          path: "/v1/completions",
          body: { model: "m", prompt: "Who is there?", max_tokens: 64, temperature: 0 },
        },
      ],
    },
    environment: {},
    files: [],
    ports: [],
    rayVersions: {},
  });
});

test("CustomServe takes port, health path, name and expected text", () => {
  const engine = new CustomServe({
    argv: ["lmdeploy", "serve"],
    servedModel: "m",
    port: 23333,
    healthPath: "/ready",
    engineName: "lmdeploy",
    proof: Proof.chat({ expect: "pong" }),
  });
  expect(engine.engineName).toBe("lmdeploy");
  expect(engine.bind(context)).toMatchObject({
    name: "lmdeploy",
    api: { port: 23333, healthPath: "/ready", proof: [{ kind: "chat", expect: "pong" }] },
  });
});

test("CustomServe ignores later changes of the list it was given", () => {
  const argv = ["my-server"];
  const engine = new CustomServe({ argv, servedModel: "m" });
  const spec = engine.bind(context);
  argv.push("--trust-remote-code");
  expect(spec.argv).toEqual(["my-server"]);
});
