import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { nodeConfig } from "../../../../lib/runtime/node-config/node-config";
import { workload, workloadNumber, workloadText } from "../../../../lib/runtime/workload/make-workload";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const plan = planCluster(emulatedProps(), localPlace());
const of = (change: Partial<ClusterProps>) => workload(planCluster(emulatedProps(change), localPlace()));
const numberOf = (change: Partial<ClusterProps> = {}) => workloadNumber(workloadText(of(change)));
const GATED = ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
  revision: "0123456789abcdef0123456789abcdef01234567",
  token: SecretRef.hostFile("/root/hf-token"),
});

const ROLL_IMAGE = ContainerImage.of("registry.example/roll:1", { rayVersion: "2.48.0" });

test("the example of the node program's tests is byte for byte what is delivered, with its number", () => {
  const text = readFileSync(join(__dirname, "../../../fixtures/workload.json"), "utf8");
  expect(workloadText(workload(plan))).toBe(text);
  expect(workloadNumber(text)).toBe("61d94dd22979");
});

describe("workloadNumber", () => {
  it("is the first 12 hexadecimal digits of the SHA-256 of the text's bytes", () => {
    const text = '{"cluster":"é"}\n';
    expect(workloadNumber(text)).toBe(
      createHash("sha256").update(Buffer.from(text)).digest("hex").slice(0, 12),
    );
    expect(workloadNumber("")).toBe("e3b0c44298fc");
  });

  it("is the same for the same declaration and is not part of the text", () => {
    expect(numberOf()).toBe(numberOf());
    expect(workloadText(of({}))).not.toContain(numberOf());
  });

  it("differs where the content differs", () => {
    const numbers = [{}, { engineTimeoutSeconds: 301 }, { driverEnvironment: { A: "1" } }].map(numberOf);
    expect(new Set(numbers).size).toBe(3);
  });
});

describe("the workload of a cluster with a model", () => {
  it("names the file of the token, which only the head's container has", () => {
    expect(of({ model: GATED }).staging).toEqual({
      models: [
        {
          name: "model",
          source: {
            kind: "huggingFace",
            repository: "meta-llama/Llama-3.1-405B-Instruct",
            revision: "0123456789abcdef0123456789abcdef01234567",
            endpoint: "https://huggingface.co",
            tokenFile: "/var/lib/ray-cluster/model-secrets/model",
            include: ["*"],
            exclude: ["original/*"],
          },
          destination: "/models/meta-llama--Llama-3.1-405B-Instruct--0123456789ab",
          placement: "replicated",
        },
      ],
      parallelFiles: 4,
      deadlineSeconds: 16235,
    });
  });

  it("never holds the path of the secret on the machine", () => {
    expect(workloadText(of({ model: GATED }))).not.toContain("/root/hf-token");
  });

  it("names the index of presigned URLs by its path", () => {
    const model = ModelSource.s3("s3://bucket/llama", { index: SecretRef.hostFile("/root/index.json") });
    expect(of({ model, storage: [HostPathStorage.shared("/mnt/models")] }).staging?.models[0].source).toEqual(
      {
        kind: "index",
        name: "s3://bucket/llama",
        index: "/var/lib/ray-cluster/model-secrets/model",
      },
    );
  });

  it("holds nothing of a source whose folder is there", () => {
    const model = ModelSource.path("/models/llama");
    const { staging } = of({ model, storage: [HostPathStorage.shared("/mnt/models")] });
    expect(staging?.models[0].source).toEqual({ kind: "path" });
  });
});

test("the files that the head writes for the engine are in the workload, whoever reads it", () => {
  const roll = planCluster(machineProps({ engine: new RollPipeline(), image: ROLL_IMAGE }), hostsPlace());
  const [text] = workload(roll).engine.texts;
  expect(text.path).toBe("/opt/ray-cluster/roll/pipeline.yaml");
  expect(nodeConfig(roll, roll.nodes[0]).engine.texts).toEqual(workload(roll).engine.texts);
  expect(nodeConfig(roll, roll.nodes[1]).engine.texts).toEqual([]);
});

test("the followers of an engine without Ray's executor are in the workload without a rank", () => {
  const engine = new VllmServe({ executor: VllmExecutor.MP, modelPath: "/models/llama" });
  const { follower } = workload(planCluster(machineProps({ engine }), hostsPlace())).engine;
  expect(follower?.rankFlag).toBe("--node-rank");
  expect(follower?.argv).not.toContain("--node-rank");
});

test("device addresses are named by the node's address, and only where they are stated", () => {
  const stated = hostsPlace({ deviceIps: { gpu: [["192.168.1.1"], [], ["192.168.1.3"], []] } });
  const { deviceIps } = workload(planCluster(machineProps(), stated)).preflight;
  expect(deviceIps).toEqual({ "10.20.0.1": ["192.168.1.1"], "10.20.7.3": ["192.168.1.3"] });
});

test("addresses that the place assigns are null", () => {
  const assigned = planCluster(machineProps(), hostsPlace({ addresses: {}, headAddress: "10.20.0.10" }));
  expect(workload(assigned).pools).toEqual([
    { name: "gpu", nodes: 4, accelerators: 8, resource: "GPU", addresses: null, nodeNames: null },
  ]);
});
