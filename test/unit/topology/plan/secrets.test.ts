import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { gateRunArguments } from "../../../../lib/bootstrap/docker-run";
import { apiSecretMounts, containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { nodeConfig } from "../../../../lib/runtime/node-config/node-config";
import { secretsOf, secretsOn } from "../../../../lib/topology/plan/secrets";
import { planCluster } from "../../../../lib/topology/planner";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { emulatedProps, localPlace } from "../../../support/clusters";

const ref = (name: string) => SecretRef.hostFile(`/root/${name}`);
const tls = { certificate: ref("cert.pem"), key: ref("key.pem") };
const plan = planCluster(
  emulatedProps({
    engine: new VllmServe({ modelPath: "/models/m", apiKeys: ref("keys"), tls }),
    secrets: { WANDB_API_KEY: ref("wandb") },
  }),
  localPlace(),
);
const [head, worker] = plan.nodes.map((node) => containerSpec(plan, node));
const FOLDER = "/run/secrets/ray-cluster";

test("secretsOf names the model's, the engine's and those by name", () => {
  const model = ModelSource.s3("s3://bucket/m", { index: ref("index") });
  const ofEngine = [{ name: "api-keys", ref: ref("keys"), path: "engine.apiKeys" }];
  expect(secretsOf({ model, secrets: { A: ref("a") } }, ofEngine)).toEqual([
    { name: "model", ref: ref("index"), path: "model.index", isOfSource: true },
    ofEngine[0],
    { name: "environment.A", ref: ref("a"), path: "secrets.A", variable: "A" },
  ]);
  expect(secretsOf({})).toEqual([]);
});

test("only the head's container mounts the secrets, read-only", () => {
  const secrets = head.mounts.filter(({ target }) => target.startsWith("/run/secrets"));
  expect(secrets).toEqual([
    { source: "/root/keys", target: `${FOLDER}/api-keys`, readOnly: true },
    { source: "/root/cert.pem", target: `${FOLDER}/tls-certificate`, readOnly: true },
    { source: "/root/key.pem", target: `${FOLDER}/tls-key`, readOnly: true },
    { source: "/root/wandb", target: `${FOLDER}/environment.WANDB_API_KEY`, readOnly: true },
  ]);
  expect(JSON.stringify(worker.mounts)).not.toContain("/run/secrets");
});

test("node.json names files, on the head only, and no container has a secret's variable", () => {
  const variables = plan.nodes.map((node) => nodeConfig(plan, node).engine.secrets);
  expect(variables).toEqual([{ WANDB_API_KEY: `${FOLDER}/environment.WANDB_API_KEY` }, {}]);
  expect(JSON.stringify([head.environment, head.config.environment])).not.toContain("WANDB");
});

describe("an engine with a process on each node", () => {
  const followed = planCluster(
    emulatedProps({
      pools: [
        { name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 },
        { name: "cpu", nodes: 1 },
      ],
      engine: new VllmServe({ executor: VllmExecutor.MP, apiKeys: ref("keys"), tls }),
      model: ModelSource.s3("s3://bucket/m", { index: ref("index") }),
      secrets: { WANDB_API_KEY: ref("wandb") },
    }),
    localPlace({ addresses: { npu: ["10.89.28.10", "10.89.28.11"], cpu: ["10.89.28.12"] } }),
  );
  const variable = `${FOLDER}/environment.WANDB_API_KEY`;

  test.each([
    [0, ["model", "api-keys", "tls-certificate", "tls-key", "environment.WANDB_API_KEY"]],
    [1, ["environment.WANDB_API_KEY"]],
    [2, []],
  ])("node %i needs the secrets %j", (index, names) => {
    expect(secretsOn(followed, followed.nodes[index]).map(({ name }) => name)).toEqual(names);
  });

  test("its nodes mount the variables' files, and node.json names them there alone", () => {
    const [, follower, other] = followed.nodes.map((node) => containerSpec(followed, node));
    expect(follower.mounts).toContainEqual({ source: "/root/wandb", target: variable, readOnly: true });
    expect(JSON.stringify(follower.mounts)).not.toMatch(/keys|pem|index/);
    expect(JSON.stringify(other.mounts)).not.toContain("/root/");
    const named = followed.nodes.map((node) => nodeConfig(followed, node).engine.secrets);
    expect(named).toEqual([{ WANDB_API_KEY: variable }, { WANDB_API_KEY: variable }, {}]);
    expect(JSON.stringify(follower.environment)).not.toContain("WANDB");
  });
});

test("the readiness check gets what a request needs, and not the private key", () => {
  expect(apiSecretMounts(head).map(({ target }) => target)).toEqual([
    `${FOLDER}/api-keys`,
    `${FOLDER}/tls-certificate`,
  ]);
  const gate = gateRunArguments(head).join(" ");
  expect(gate).toContain(`source=/root/keys,target=${FOLDER}/api-keys,readonly`);
  expect(gate).not.toMatch(/key\.pem|wandb/);
});
