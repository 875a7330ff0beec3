import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Speculation } from "../../../../../lib/engines/vllm/speculation";
import type { VllmServeProps } from "../../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../../lib/topology/declaration/fabric";
import { ModelSource } from "../../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../../lib/topology/declaration/storage";
import { Model } from "../../../../../lib/topology/model/model";
import { engine } from "../../../../support/engines";
import { type BadInput, type Declared, environment } from "./bad-input";

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;

const vllmImage = (rayVersion: string) => ContainerImage.of(`vllm@${DIGEST}`, { rayVersion });
const gpus = (change: object = {}) => ({ name: "gpu", nodes: 2, accelerator: Accelerator.H100, ...change });
const ray = (rayVersion: string): Declared => ({ image: ContainerImage.of("a:1", { rayVersion }) });

/** Two pools of machines with three addresses. */
const twoPools = (change: object): Pick<BadInput, "machines" | "props" | "place"> => ({
  machines: true,
  props: { pools: [gpus(), gpus({ name: "other", nodes: 1, ...change })] },
  place: { addresses: { gpu: ["10.20.0.1", "10.20.0.2"], other: ["10.20.0.3"] } },
});

/** A model on shared storage of machines of eight H100. */
const served = (
  model: Model,
  nodes: number,
  props: VllmServeProps,
): Pick<BadInput, "machines" | "props" | "place"> => ({
  machines: true,
  props: {
    pools: [gpus({ nodes })],
    model: ModelSource.path("/models/m", { model }),
    storage: [HostPathStorage.shared("/mnt/models")],
    image: vllmImage("2.54.0"),
    engine: new VllmServe(props),
  },
  place: { addresses: { gpu: Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 1}`) } },
});

/** Llama 3.1 8B with other keys in its configuration. */
function configured(change: object): Model {
  const fixture = join(__dirname, "../../../../fixtures/models/llama-3.1-8b.json");
  const path = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(fixture, "utf8")), ...change }));
  return Model.fromConfig(path);
}

const UNEVEN = configured({
  model_type: "deepseek_v4",
  n_routed_experts: 12,
  moe_intermediate_size: 512,
  num_experts_per_tok: 2,
});

/** Declarations that are planned with a warning. */
export const RISKY_INPUTS: readonly BadInput[] = [
  {
    ...twoPools({ accelerator: Accelerator.A100_80GB }),
    rule: "RC017",
    path: "pools",
    got: "h100 and a100-80",
  },
  {
    ...twoPools({ acceleratorsPerNode: 4 }),
    rule: "RC018",
    path: "pools",
    got: "8 and 4 accelerators per node",
  },
  { props: { engine: engine({ port: 40000 }) }, rule: "RC034", path: "engine.port", got: "40000" },
  {
    props: environment("HCCL_NPU_SOCKET_PORT_RANGE", "auto"),
    rule: "RC035",
    path: "environment.HCCL_NPU_SOCKET_PORT_RANGE",
    got: "'auto'",
  },
  {
    props: { environment: { HCCL_OP_EXPANSION_MODE: "AIV", HCCL_EXEC_TIMEOUT: "1836" } },
    rule: "RC050",
    path: "environment.HCCL_EXEC_TIMEOUT",
    got: "'1836'",
  },
  {
    machines: true,
    props: environment("HCCL_BUFFSIZE", "200"),
    rule: "RC052",
    path: "environment.HCCL_BUFFSIZE",
    got: "'200'",
  },
  {
    props: environment("HCCL_BUFFERSIZE", "200"),
    rule: "RC053",
    path: "environment.HCCL_BUFFERSIZE",
    got: "'HCCL_BUFFERSIZE'",
  },
  {
    props: { ...ray("2.47.1"), allowUnauthenticatedRay: undefined },
    rule: "RC067",
    path: "image.rayVersion",
    got: "Ray 2.47.1",
    also: ["RC068"],
  },
  {
    props: { ...ray("2.51.0"), allowUnauthenticatedRay: " " },
    rule: "RC067",
    path: "image.rayVersion",
    got: "Ray 2.51.0",
    also: ["RC068"],
  },
  { props: ray("2.53.0"), rule: "RC068", path: "image.rayVersion", got: "Ray 2.53.0" },
  {
    props: { ...ray("2.52.0"), internodeTls: true },
    rule: "RC195",
    path: "internodeTls",
    got: "TLS with Ray 2.52.0",
    also: ["RC068"],
  },
  {
    props: { ...ray("2.53.1"), internodeTls: true },
    rule: "RC195",
    path: "internodeTls",
    got: "TLS with Ray 2.53.1",
    also: ["RC068"],
  },
  {
    machines: true,
    props: { image: ContainerImage.of("vllm:0.18.0", { rayVersion: "2.58.0" }) },
    rule: "RC069",
    path: "image",
    got: "'vllm:0.18.0'",
  },
  { props: { servingTimeoutSeconds: 60 }, rule: "RC082", path: "servingTimeoutSeconds", got: "60 s" },
  { machines: true, props: { fabric: Fabric.TCP }, rule: "RC094", path: "fabric", got: "'tcp'" },
  {
    ...served(Model.LLAMA_3_1_405B, 2, { maxModelLen: 128_000, plannedSequences: 5 }),
    rule: "RC109",
    path: "engine.maxModelLen",
    got: "0.6 GiB left of 72.8 GiB per accelerator",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 2, {
      maxModelLen: 131_072,
      plannedSequences: 5,
      maxNumBatchedTokens: 16_384,
    }),
    rule: "RC109",
    path: "engine.maxModelLen",
    got:
      "73.8 GiB on stage 0 (weights 47.3 GiB, cache of 5 x 131072 tokens 19.7 GiB, engine 6.9 GiB) of 72.8 GiB " +
      "per accelerator",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 2, { maxModelLen: 4096, gpuMemoryUtilization: 0.96 }),
    rule: "RC109",
    path: "engine.gpuMemoryUtilization",
    got: "a share of 0.96, which leaves 3.2 GiB of 79.2 GiB,",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 2, {
      maxModelLen: 4096,
      extraArguments: ["--speculative-config", '{"method": "eagle3", "model": "/models/draft"}'],
    }),
    rule: "RC126",
    path: "engine.extraArguments[0]",
    got: "the draft model '/models/draft'",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 2, {
      maxModelLen: 4096,
      speculation: Speculation.eagle3({ model: ModelSource.path("/models/draft"), tokens: 3 }),
    }),
    rule: "RC126",
    path: "engine.speculation.model",
    got: "the draft model '/models/draft'",
  },
  {
    // vllm-project/vllm#22525
    ...served(configured({ model_type: "gpt_oss" }), 2, { maxModelLen: 4096 }),
    rule: "RC173",
    path: "environment",
    got: "no TIKTOKEN_ENCODINGS_BASE",
  },
  {
    machines: true,
    props: {
      pools: [{ name: "npu", nodes: 1, accelerator: Accelerator.ASCEND_A3 }],
      fabric: Fabric.ROCE,
      image: vllmImage("2.54.0"),
      model: ModelSource.path("/models/m", { model: Model.DEEPSEEK_R1_W8A8 }),
      storage: [HostPathStorage.shared("/mnt/models")],
      engine: new VllmServe({
        maxModelLen: 4096,
        dataParallelSize: 2,
        tensorParallelSize: 8,
        enableExpertParallel: true,
      }),
      environment: { HCCL_BUFFSIZE: "200" },
    },
    place: { addresses: { npu: ["10.20.0.1"] } },
    rule: "RC125",
    path: "environment.HCCL_BUFFSIZE",
    got: "200 MB",
  },
  {
    props: {
      model: ModelSource.path("/models/m", { model: Model.LLAMA_3_1_70B }),
      storage: [HostPathStorage.shared("/mnt/models")],
      engine: new VllmServe({ tensorParallelSize: 16, maxModelLen: 4096 }),
      ...ray("2.54.0"),
    },
    rule: "RC110",
    path: "engine.tensorParallelSize",
    got: "tp 16 across 2 nodes on 'tcp'",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 4, { maxModelLen: 4096 }),
    rule: "RC111",
    path: "engine.pipelineParallelSize",
    got: "126 layers split as 31, 32, 32, 31",
  },
  {
    ...served(configured({ model_type: "newcomer" }), 2, { maxModelLen: 4096 }),
    rule: "RC117",
    path: "model",
    got: "'newcomer'",
  },
  {
    ...served(configured({ num_attention_heads: null }), 2, { maxModelLen: 4096 }),
    rule: "RC118",
    path: "model",
    got: "'llama'",
  },
  {
    ...served(UNEVEN, 1, { maxModelLen: 4096, enableExpertParallel: true }),
    rule: "RC184",
    path: "engine.enableExpertParallel",
    got: "12 experts over 8 ranks",
  },
  {
    ...served(Model.QWEN3_235B_A22B_FP8, 1, { maxModelLen: 4096 }),
    rule: "RC124",
    path: "engine.tensorParallelSize",
    got: "parts of 192 (expert width of 1536 over 8 ranks)",
  },
  {
    props: {
      model: ModelSource.huggingFace("a/b", {
        revision: "0123456789abcdef0123456789abcdef01234567",
        endpoint: "http://hub.example",
        token: SecretRef.hostFile("/root/hf-token"),
      }),
    },
    rule: "RC136",
    path: "model.endpoint",
    got: "'http://hub.example'",
  },
  { props: { model: ModelSource.path("/models/a") }, rule: "RC137", path: "model", got: "'/models/a'" },
  {
    props: { model: ModelSource.path("/models/a"), storage: [HostPathStorage.perNode()] },
    rule: "RC162",
    path: "model",
    got: "'/models/a'",
  },
  { props: { stagingTimeoutSeconds: 900 }, rule: "RC138", path: "stagingTimeoutSeconds", got: "900 s" },
];
