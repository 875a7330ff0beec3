import { CustomServe, type CustomServeProps } from "../../../lib/engines/custom-serve";
import { SecretRef } from "../../../lib/topology/values/secret-ref";
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
    secrets: [],
    ports: [],
    rayVersions: {},
    problems: [],
  });
});

test("CustomServe with a follower starts one server over all nodes, which meet at the head's address", () => {
  const meet = ["--dist-init-addr", `${CustomServe.HEAD_ADDRESS}:5000`];
  const spec = new CustomServe({
    argv: ["serve", ...meet, "--node-rank", "0"],
    follower: { argv: ["serve", ...meet], rankFlag: "--node-rank" },
    ports: [{ name: "rendezvous", from: 5000, to: 5000, where: "head" }],
    servedModel: "m",
  }).bind({ ...context, headAddress: "10.0.0.5" });
  expect(spec.argv).toEqual(["serve", "--dist-init-addr", "10.0.0.5:5000", "--node-rank", "0"]);
  expect(spec.follower).toEqual({
    argv: ["serve", "--dist-init-addr", "10.0.0.5:5000"],
    rankFlag: "--node-rank",
  });
  expect(spec.ports).toEqual([{ name: "rendezvous", from: 5000, to: 5000, where: "head" }]);
  expect(spec.problems).toEqual([]);
});

describe("CustomServe with a protected API", () => {
  const keys = SecretRef.hostFile("/root/keys");
  const tls = { certificate: SecretRef.hostFile("/root/c.pem"), key: SecretRef.hostFile("/root/k.pem") };
  const bound = (change: Partial<CustomServeProps>) =>
    new CustomServe({ argv: ["my-server"], servedModel: "m", ...change }).bind(context);

  test("whose command reads the files starts it as it is, and asks with key and certificate", () => {
    const spec = bound({ apiKeys: keys, tls });
    expect(spec.argv).toEqual(["my-server"]);
    expect(spec.files).toEqual([]);
    expect(spec.secrets?.map(({ name, path }) => [name, path])).toEqual([
      ["api-keys", "engine.apiKeys"],
      ["tls-certificate", "engine.tls.certificate"],
      ["tls-key", "engine.tls.key"],
    ]);
    expect(spec.api).toMatchObject({
      apiKeyFile: "/run/secrets/ray-cluster/api-keys",
      tls: { authority: "/run/secrets/ray-cluster/tls-certificate" },
    });
  });

  test.each(["api-key", "--api-key"])(
    "whose command takes keys as %s gets them by the launcher",
    (apiKeyOption) => {
      const { argv, files } = bound({ apiKeys: keys, apiKeyOption });
      expect(argv).toEqual([
        ...["python3", "/opt/ray-cluster/with_api_keys.py", "api-key", "/run/secrets/ray-cluster/api-keys"],
        "my-server",
      ]);
      expect(files.map(({ path }) => path)).toEqual(["/opt/ray-cluster/with_api_keys.py"]);
    },
  );

  test("whose command has an option but no keys starts as it is", () => {
    expect(bound({ apiKeyOption: "api-key" })).toMatchObject({ argv: ["my-server"], files: [] });
  });
});

test("CustomServe behind HAProxy has keys and TLS that its server knows nothing of", () => {
  const secret = SecretRef.hostFile("/root/secret");
  const spec = new CustomServe({
    argv: ["my-server", "--host", "127.0.0.1", "--port", "8001"],
    servedModel: "m",
    port: 9000,
    healthPath: "/ready",
    apiKeys: secret,
    tls: { certificate: secret, key: secret },
    reverseProxy: { serverPort: 8001 },
  }).bind({ ...context, headAddress: "10.0.0.5" });
  const files = "/run/secrets/ray-cluster";
  expect(spec.argv).toEqual([
    ...["python3", "/opt/ray-cluster/with_proxy.py", "10.0.0.5", "9000"],
    ...[
      "python3",
      "/opt/ray-cluster/run_haproxy.py",
      "--listen",
      "10.0.0.5:9000",
      "--server",
      "127.0.0.1:8001",
    ],
    ...["--health-path", "/ready", "--api-key-file", `${files}/api-keys`],
    ...["--certificate-file", `${files}/tls-certificate`, "--certificate-key-file", `${files}/tls-key`],
    ...["--", "my-server", "--host", "127.0.0.1", "--port", "8001"],
  ]);
  expect(spec.api).toMatchObject({
    ...{ port: 9000, listenAddress: "10.0.0.5", apiKeyFile: `${files}/api-keys` },
    tls: { authority: `${files}/tls-certificate` },
  });
  expect(spec.ports).toEqual([{ name: "server", from: 8001, to: 8001, where: "head" }]);
  expect(spec.requires?.programs).toEqual(["haproxy"]);
  expect(spec.files.map(({ path }) => path)).toEqual(
    ["with_proxy.py", "run_haproxy.py", "haproxy.cfg"].map((name) => `/opt/ray-cluster/${name}`),
  );
});

test("CustomServe behind HAProxy listens everywhere where the plan knows no address", () => {
  const { argv } = new CustomServe({
    argv: ["s"],
    servedModel: "m",
    reverseProxy: { serverPort: 8001 },
  }).bind(context);
  expect(argv.slice(0, 8)).toEqual([
    ...["python3", "/opt/ray-cluster/with_proxy.py", "127.0.0.1", "8000"],
    ...["python3", "/opt/ray-cluster/run_haproxy.py", "--listen", "0.0.0.0:8000"],
  ]);
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
