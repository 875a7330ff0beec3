import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import type { VllmServeProps } from "../../../../lib/engines/vllm/vllm-props";
import { Model } from "../../../../lib/topology/model/model";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../../lib/topology/planner";
import { problemLine } from "../../../../lib/problems/plan-error";
import { ModelSource } from "../../../../lib/topology/declaration/model-source";
import { RULE_TOPICS } from "../../../../lib/topology/rules";
import { SecretRef } from "../../../../lib/topology/declaration/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { engine } from "../../../support/engines";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const emulated = (change: Parameters<typeof emulatedProps>[0]) => () =>
  planCluster(emulatedProps(change), localPlace());
const machines =
  (change: Parameters<typeof machineProps>[0], place = hostsPlace()) =>
  () =>
    planCluster(machineProps(change), place);
const gpus = (change: object) => ({ name: "gpu", nodes: 2, accelerator: Accelerator.H100, ...change });
const twoPools = hostsPlace({ addresses: { gpu: ["10.20.0.1", "10.20.0.2"], other: ["10.20.0.3"] } });
const old = (rayVersion: string) => ({ image: ContainerImage.of("a:1", { rayVersion }) });

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
/** A model on shared storage of machines of eight H100. */
const served = (
  model: Model,
  nodes: number,
  maxModelLen: number,
  fabric: Fabric,
  props: VllmServeProps = {},
) =>
  machines(
    {
      pools: [gpus({ nodes })],
      fabric,
      model: ModelSource.path("/models/m", { model }),
      storage: [HostPathStorage.shared("/mnt/models")],
      image: ContainerImage.of(`vllm@${DIGEST}`, { rayVersion: "2.54.0" }),
      engine: new VllmServe({ maxModelLen, ...props }),
    },
    hostsPlace({ addresses: { gpu: Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 1}`) } }),
  );

const CASES: readonly (readonly [
  () => { warnings: readonly Parameters<typeof problemLine>[0][] },
  string,
])[] = [
  [
    emulated(old("2.53.0")),
    "image.rayVersion [RC068]: should be 2.54.0 or newer (CVE-2026-27482), got '2.53.0'; use a newer image, or keep the cluster network closed to everyone else",
  ],
  [
    machines({ image: ContainerImage.of("vllm:0.18.0", { rayVersion: "2.58.0" }) }),
    "image [RC069]: should name a digest, got 'vllm:0.18.0'; append @sha256:<digest> as the registry states it",
  ],
  [
    machines(
      { pools: [gpus({}), gpus({ name: "other", nodes: 1, accelerator: Accelerator.A100_80GB })] },
      twoPools,
    ),
    "pools [RC017]: should hold one kind of accelerator, got h100 and a100-80; split the cluster, or reckon with the smaller kind",
  ],
  [
    machines({ pools: [gpus({}), gpus({ name: "other", nodes: 1, acceleratorsPerNode: 4 })] }, twoPools),
    "pools [RC018]: should have one number of accelerators per node, got 8 and 4; give every pool 4",
  ],
  [
    emulated({ engine: engine({ port: 40000 }) }),
    "engine.port [RC034]: should lie outside 32768-60999, got 40000; choose a lower port, or reserve it with net.ipv4.ip_local_reserved_ports",
  ],
  [
    emulated({ environment: { HCCL_NPU_SOCKET_PORT_RANGE: "auto" } }),
    "environment.HCCL_NPU_SOCKET_PORT_RANGE [RC035]: should name ranges, got 'auto'; give a range, e.g. '61000-61049'",
  ],
  [
    machines({ environment: { HCCL_BUFFSIZE: "200" } }),
    "environment.HCCL_BUFFSIZE [RC052]: has no effect here: HCCL_BUFFSIZE belongs to hccl, got '200'; remove it",
  ],
  [
    emulated({ environment: { HCCL_BUFFERSIZE: "200" } }),
    "environment.HCCL_BUFFERSIZE [RC053]: is not in the catalogue of variables, got 'HCCL_BUFFERSIZE'; did you mean 'HCCL_BUFFSIZE'?",
  ],
  [
    emulated({ environment: { HCCL_OP_EXPANSION_MODE: "AIV", HCCL_EXEC_TIMEOUT: "1836" } }),
    "environment.HCCL_EXEC_TIMEOUT [RC050]: counts as 1091 s with HCCL_OP_EXPANSION_MODE=AIV, got '1836'; use 1091 or another mode",
  ],
  [
    emulated({ servingTimeoutSeconds: 60 }),
    "servingTimeoutSeconds [RC082]: should be at least 663, the sum of head, membership, hold, staging, engine and completion, got 60; leave it out, or shorten the steps",
  ],
  [
    machines({ fabric: Fabric.TCP }),
    "fabric [RC094]: is slow between nodes with real accelerators, got 'tcp'; declare the RDMA fabric of the machines if they have one",
  ],
  [
    emulated({
      model: ModelSource.huggingFace("a/b", {
        revision: "0123456789abcdef0123456789abcdef01234567",
        endpoint: "http://hub.example",
        token: SecretRef.hostFile("/root/hf-token"),
      }),
    }),
    "model.endpoint [RC136]: should be https, where a token is sent, got 'http://hub.example'; use https, or a mirror that needs no token",
  ],
  [
    emulated({ model: ModelSource.path("/models/a") }),
    "model [RC137]: lies on no storage of the cluster: the image must hold it, got '/models/a'; declare the folder, e.g. storage: [HostPathStorage.shared('/mnt/models')]",
  ],
  [
    emulated({ model: ModelSource.path("/models/a"), storage: [HostPathStorage.perNode()] }),
    "model [RC137]: lies on each machine's own disk: it must be put on all of them, got '/models/a'; use shared storage, or let the cluster fetch it with ModelSource.huggingFace",
  ],
  [
    emulated({ stagingTimeoutSeconds: 900 }),
    "stagingTimeoutSeconds [RC138]: has no effect: the cluster brings no model, got 900; name the model, e.g. ModelSource.huggingFace(...), or leave it out",
  ],
  [
    machines({
      engine: new VllmServe({ modelPath: "/m" }),
      image: ContainerImage.of(`vllm@${DIGEST}`, { rayVersion: "2.58.0" }),
    }),
    "image.rayVersion [RC077]: is reported to break vLLM's executor 'ray' from 2.55.0 on (2.55.1 is reported to fail while the engine starts, where 2.48.0 works; and 2.55 where the driver has no raylet beside it; vLLM 0.32.0 on CPUs serves with 2.58.0), got '2.58.0'; use 2.48.0, with which vLLM tests itself, or VllmExecutor.MP (see https://github.com/vllm-project/vllm/issues/45318, https://github.com/gpustack/runner/pull/178)",
  ],
  [
    served(Model.LLAMA_3_1_405B, 2, 131_072, Fabric.INFINIBAND, { plannedSequences: 5 }),
    "engine.maxModelLen [RC109]: should leave 3.4 GiB, as much as engine releases differ by, got 0.6 GiB left of 72.0 GiB on each accelerator; expect at most 675385 tokens in the cache, or take fewer sequences or another node",
  ],
  [
    emulated({
      model: ModelSource.path("/models/m", { model: Model.LLAMA_3_1_70B }),
      storage: [HostPathStorage.shared("/mnt/models")],
      engine: new VllmServe({ tensorParallelSize: 16, maxModelLen: 4096 }),
      ...old("2.54.0"),
    }),
    "engine.tensorParallelSize [RC110]: should lie within a node where the fabric has no RDMA, got tp 16 over 2 nodes on 'tcp'; expect 160 all-reduces and 4.7 MiB over the wire for each token; tp 8 x pp 2 x dp 1 sends 32.0 KiB",
  ],
  [
    served(Model.LLAMA_3_1_405B, 4, 4096, Fabric.INFINIBAND),
    "engine.pipelineParallelSize [RC111]: should divide the layers, got 126 layers as 31, 32, 32, 31; expect stages of 32 layers, 1.6 % above the mean; layerPartition sets another split",
  ],
];

test.each(CASES)("%#", (plan, line) => {
  expect(plan().warnings.map((warning) => problemLine(warning).replace("  - ", ""))).toEqual([line]);
});

test("Ray without tokens is planned, and the plan says that it has no authentication", () => {
  const plan = emulated(old("2.47.1"))();
  expect(plan.ray.authentication).toBe("none");
  expect(plan.warnings.map(({ rule, allowed }) => [rule, allowed])).toEqual([
    ["RC067", "cluster has no authentication: Ray has tokens since 2.52.0"],
    ["RC068", "should be 2.54.0 or newer (CVE-2026-27482)"],
  ]);
});

test("one node may use TCP, and a machine with a digest warns of nothing", () => {
  const one = hostsPlace({ addresses: { gpu: ["10.20.0.1"] } });
  expect(machines({ fabric: Fabric.TCP, pools: [gpus({ nodes: 1 })] }, one)().warnings).toEqual([]);
  expect(machines({})().warnings).toEqual([]);
});

test("a warning of the place stands with those of the rules", () => {
  const problem = {
    rule: "RC199",
    level: "warning",
    path: "backend",
    got: "x",
    allowed: "y",
    fix: "z",
  } as const;
  expect(planCluster(emulatedProps(), localPlace({ problems: [problem] })).warnings).toEqual([problem]);
});

test("every rule of level warning is seen here", () => {
  const seen = new Set([...CASES.map(([, line]) => /\[(RC\d{3})\]/.exec(line)?.[1]), "RC067"]);
  const rules = RULE_TOPICS.flatMap((topic) => topic.rules).filter((rule) => rule.level === "warning");
  expect(rules.map((rule) => rule.id).filter((id) => !seen.has(id))).toEqual([]);
});
