import { existsSync } from "node:fs";
import { LmdeployServe } from "../../../lib/engines/lmdeploy/lmdeploy-serve";
import { VllmExecutor } from "../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../lib/engines/vllm/vllm-serve";
import type { EngineContext } from "../../../lib/topology/engine-spec";
import { SecretRef } from "../../../lib/topology/values/secret-ref";

const CONTEXT: EngineContext = {
  clusterName: "c",
  accelerators: 16,
  acceleratorNodes: 2,
  acceleratorsPerNode: 8,
  rayResource: "GPU",
  headAddress: "10.20.0.1",
  modelPath: "/models/m",
};
const apiKeys = SecretRef.hostFile("/root/keys");
const tls = { certificate: SecretRef.hostFile("/root/cert.pem"), key: SecretRef.managed("key-id") };
const FOLDER = "/run/secrets/ray-cluster";
const LAUNCHER = "/opt/ray-cluster/with_api_keys.py";

test.each([
  ["vllm", new VllmServe({ apiKeys, tls, executor: VllmExecutor.MP }), "api-key"],
  ["lmdeploy", new LmdeployServe({ apiKeys, tls }), "api-keys"],
])("%s with keys and TLS names only files, on the head", (name, engine, option) => {
  const spec = engine.bind(CONTEXT);
  expect(spec.argv.slice(0, 5)).toEqual(["python3", LAUNCHER, option, `${FOLDER}/api-keys`, name]);
  expect(spec.files.map((file) => [file.path, existsSync(file.source)])).toEqual([[LAUNCHER, true]]);
  expect(spec.secrets).toEqual([
    { name: "api-keys", ref: apiKeys, path: "engine.apiKeys" },
    { name: "tls-certificate", ref: tls.certificate, path: "engine.tls.certificate" },
    { name: "tls-key", ref: tls.key, path: "engine.tls.key" },
  ]);
  expect(spec.api).toMatchObject({
    apiKeyFile: `${FOLDER}/api-keys`,
    tls: { authority: `${FOLDER}/tls-certificate` },
  });
  // A follower has no API.
  expect(JSON.stringify(spec.follower ?? {})).not.toMatch(/secrets|ssl|with_api_keys/);
  expect(JSON.stringify(spec.argv)).not.toMatch(/\/root|key-id/);
});

test("vLLM gets certificate and key as arguments, LMDeploy as variables", () => {
  expect(new VllmServe({ tls }).bind(CONTEXT).argv.join(" ")).toContain(
    `--ssl-certfile ${FOLDER}/tls-certificate --ssl-keyfile ${FOLDER}/tls-key`,
  );
  const spec = new LmdeployServe({ tls }).bind(CONTEXT);
  expect(spec.argv).toContain("--ssl");
  expect(spec.environment).toMatchObject({
    SSL_CERTFILE: `${FOLDER}/tls-certificate`,
    SSL_KEYFILE: `${FOLDER}/tls-key`,
  });
});

test.each([new VllmServe(), new LmdeployServe()])(
  "an engine without keys and TLS starts as itself %#",
  (engine) => {
    const spec = engine.bind(CONTEXT);
    expect(spec.argv[0]).toBe(engine.engineName);
    expect([spec.files, spec.secrets, spec.api?.tls, spec.api?.apiKeyFile]).toEqual([
      [],
      [],
      undefined,
      undefined,
    ]);
    expect(JSON.stringify([spec.argv, spec.environment])).not.toMatch(/ssl/i);
  },
);

test.each([
  ["--api-key", "apiKeys"],
  ["--ssl-keyfile", "tls"],
  ["--ssl-certfile=/c.pem", "tls"],
])("vLLM's argument %s is the property %s", (argument, property) => {
  const { problems } = new VllmServe({ extraArguments: [argument] }).bind(CONTEXT);
  expect(problems).toContainEqual(
    expect.objectContaining({ rule: "RC603", fix: expect.stringContaining(`'${property}'`) as string }),
  );
});
