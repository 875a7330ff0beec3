import { Model } from "../../../../../lib/topology/model/model";
import { deriveParallelism, type ParallelismRequest } from "../../../../../lib/topology/model/parallelism";
import type { ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";

/** A model on machines, and what is known of it. */
export interface TableRow {
  readonly name: string;
  readonly plan: ModelPlan;
  /** `tight`: it fits with less room than engine releases differ by. */
  readonly verdict: "yes" | "tight" | "no";
  /** Rules that must be broken where the verdict is no; room in GiB where it is tight. */
  readonly because: readonly string[] | number;
}

/** Machines by nodes, accelerators and memory, as in `2 x 8 x 80 GiB`. */
const SHAPE = /^(\d+) x (\d+) x (\d+) GiB$/;

function row(
  name: string,
  model: Model,
  machines: string,
  load: string,
  verdict: TableRow["verdict"],
  because: TableRow["because"] = [],
  request: Partial<ParallelismRequest> = {},
  engine?: ModelPlan["engine"],
): TableRow {
  const [, nodes, acceleratorsPerNode, acceleratorMemoryGiB] = (SHAPE.exec(machines) ?? []).map(Number);
  const [concurrentSequences, contextTokens] = load.split(" x ").map(Number);
  const parallelism = deriveParallelism({ nodes, acceleratorsPerNode, ...request });
  const machine = { nodes, acceleratorsPerNode, acceleratorMemoryGiB, fabric: "infiniband" };
  const plan = { model, parallelism, ...machine, contextTokens, concurrentSequences, engine };
  return { name: `${name}: ${model.name} on ${machines}, ${load} tokens`, plan, verdict, because };
}

const vllm = (version: string) => ({ name: "vllm", version });
const tensorAcross = { acrossNodes: "tensor" } as const;
const replicas = { tensor: 1, pipeline: 1, data: 16, expertParallel: true };

/** Known good and known bad, with where it is known from. */
export const KNOWN: readonly TableRow[] = [
  // Arithmetic of seed 5: 94.5, 47.2 and 23.6 GiB of weights on 1, 2 and 4 nodes.
  row("bf16 on one node", Model.LLAMA_3_1_405B, "1 x 8 x 80 GiB", "1 x 4096", "no", ["RC108"]),
  row("two nodes", Model.LLAMA_3_1_405B, "2 x 8 x 80 GiB", "4 x 131072", "yes"),
  row("two nodes, full", Model.LLAMA_3_1_405B, "2 x 8 x 80 GiB", "5 x 131072", "tight", 0.6),
  row("two nodes, too full", Model.LLAMA_3_1_405B, "2 x 8 x 80 GiB", "6 x 131072", "no", ["RC108"]),
  row(
    "tp 16, copies of KV heads",
    Model.LLAMA_3_1_405B,
    "2 x 8 x 80 GiB",
    "2 x 131072",
    "yes",
    [],
    tensorAcross,
  ),
  row("tp 16, too full", Model.LLAMA_3_1_405B, "2 x 8 x 80 GiB", "3 x 131072", "no", ["RC108"], tensorAcross),
  row("the seed", Model.LLAMA_3_1_405B, "4 x 8 x 80 GiB", "16 x 131072", "yes"),
  row("tp 24", Model.LLAMA_3_1_405B, "3 x 8 x 80 GiB", "1 x 4096", "no", ["RC102"], tensorAcross),
  row("eight large ones", Model.LLAMA_3_1_405B, "1 x 8 x 192 GiB", "4 x 131072", "yes"),
  // vllm-project/vllm#6938: 17 machines of 4, because the head has accelerators too.
  row("17 nodes", Model.LLAMA_3_1_405B, "17 x 4 x 80 GiB", "1 x 4096", "no", ["RC101"], {
    tensor: 64,
    pipeline: 1,
  }),
  row("17 nodes", Model.LLAMA_3_1_405B, "17 x 8 x 80 GiB", "1 x 4096", "no", ["RC101"], { pipeline: 16 }),
  row("17 nodes", Model.LLAMA_3_1_405B, "17 x 8 x 80 GiB", "1 x 4096", "no", ["RC102"], tensorAcross),
  // vllm-project/vllm#6689: works with 4096 tokens on 8 x A100, not with the default of 131072 and batches of it.
  row("FP8", Model.LLAMA_3_1_405B_FP8, "1 x 8 x 80 GiB", "4 x 16384", "yes"),
  row("FP8, one long", Model.LLAMA_3_1_405B_FP8, "1 x 8 x 80 GiB", "1 x 131072", "tight", 2.9),
  row("FP8, two long", Model.LLAMA_3_1_405B_FP8, "1 x 8 x 80 GiB", "2 x 131072", "no", ["RC108"]),
  row("FP8 throughout", Model.LLAMA_3_1_405B_FP8_DYNAMIC, "1 x 8 x 80 GiB", "1 x 131072", "yes"),
  // llm-d/llm-d-benchmark#621: starts with 16000 tokens on two.
  row("FP8", Model.LLAMA_3_1_70B_FP8_DYNAMIC, "1 x 2 x 80 GiB", "1 x 16000", "yes"),
  row("bf16", Model.LLAMA_3_1_70B, "1 x 1 x 80 GiB", "1 x 4096", "no", ["RC108"]),
  row("bf16", Model.LLAMA_3_1_70B, "1 x 8 x 32 GiB", "8 x 8192", "yes"),
  row("bf16 on two", Model.QWEN2_5_72B, "1 x 2 x 80 GiB", "1 x 4096", "no", ["RC108"]),
  row("bf16 on four", Model.QWEN2_5_72B, "1 x 4 x 80 GiB", "8 x 32768", "yes"),
  row("beyond its context", Model.QWEN2_5_72B, "1 x 8 x 80 GiB", "1 x 131072", "no", ["RC107"]),
  // vllm-project/vllm-ascend docs/source/tutorials/models/DeepSeek-R1.md: 2 A2 nodes or 1 A3 node.
  row("W8A8 on 2 A2", Model.DEEPSEEK_R1_W8A8, "2 x 8 x 64 GiB", "4 x 32768", "yes"),
  row("W8A8 on 2 A2, tp 16", Model.DEEPSEEK_R1_W8A8, "2 x 8 x 64 GiB", "4 x 16384", "yes", [], tensorAcross),
  row("W8A8 on 1 A2", Model.DEEPSEEK_R1_W8A8, "1 x 8 x 64 GiB", "1 x 1024", "no", ["RC108"]),
  row("W8A8 on 1 A3", Model.DEEPSEEK_R1_W8A8, "1 x 16 x 64 GiB", "4 x 16384", "yes"),
  row("W8A8 on 2 A2 of 32 GB", Model.DEEPSEEK_V3_W8A8, "2 x 8 x 32 GiB", "1 x 1024", "no", ["RC108"]),
  // The same tutorials: bf16 takes 4 A2 nodes.
  row("bf16 on 2 A2", Model.DEEPSEEK_R1_BF16, "2 x 8 x 64 GiB", "1 x 1024", "no", ["RC108"]),
  row("bf16 on 4 A2", Model.DEEPSEEK_R1_BF16, "4 x 8 x 64 GiB", "4 x 32768", "yes"),
  row("FP8 on one node of 80", Model.DEEPSEEK_V3, "1 x 8 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  row("FP8 on one node of 141", Model.DEEPSEEK_V3, "1 x 8 x 141 GiB", "8 x 32768", "yes"),
  row("FP8 on two nodes of 80", Model.DEEPSEEK_V3, "2 x 8 x 80 GiB", "8 x 32768", "yes"),
  // docs.vllm.ai data_parallel_deployment: attention on each, experts over all.
  row("16 replicas", Model.DEEPSEEK_V3, "2 x 8 x 80 GiB", "64 x 16384", "yes", [], replicas),
  // vllm-project/vllm#12256, sgl-project/sglang#3345: 18432 / 32 is no multiple of 128.
  row("tp 32", Model.DEEPSEEK_R1, "4 x 8 x 80 GiB", "1 x 4096", "no", ["RC114"], tensorAcross),
  row("tp 32 without blocks", Model.DEEPSEEK_R1_BF16, "4 x 8 x 80 GiB", "4 x 32768", "yes", [], tensorAcross),
  // vllm-project/vllm#17569, #21348: not tp 8, but tp 4.
  row(
    "FP8 at tp 8",
    Model.QWEN3_235B_A22B_FP8,
    "1 x 8 x 80 GiB",
    "1 x 32768",
    "no",
    ["RC114"],
    {},
    vllm("0.8.5"),
  ),
  // vLLM reads finer blocks since 0.29 (fused_moe/oracle/fp8.py, refine_fp8_moe_block_shape).
  row(
    "FP8 at tp 8",
    Model.QWEN3_235B_A22B_FP8,
    "1 x 8 x 80 GiB",
    "1 x 32768",
    "no",
    ["RC114"],
    {},
    vllm("0.28.0"),
  ),
  row("FP8 at tp 8", Model.QWEN3_235B_A22B_FP8, "1 x 8 x 80 GiB", "1 x 32768", "yes", [], {}, vllm("0.29.0")),
  row("FP8 at tp 4", Model.QWEN3_235B_A22B_FP8, "1 x 4 x 80 GiB", "1 x 32768", "yes"),
  row("FP8 at tp 8", Model.QWEN3_235B_A22B_FP8, "1 x 8 x 80 GiB", "4 x 32768", "yes", [], {
    expertParallel: true,
  }),
  row("copies of KV heads", Model.QWEN3_235B_A22B, "1 x 8 x 80 GiB", "4 x 32768", "yes"),
  row("bf16 on four", Model.QWEN3_235B_A22B, "1 x 4 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  // recipes.vllm.ai: the smallest unit for 128k tokens is 16 of 80 GB.
  row("16 of 80 GB", Model.KIMI_K2, "2 x 8 x 80 GiB", "1 x 131072", "tight", 1.7),
  row("8 of 80 GB", Model.KIMI_K2, "1 x 8 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  // zai-org/GLM-4.5 README.md, system requirements: 16 x H100 or 8 x H200, FP8 8 or 4; Air a quarter of it.
  row("README", Model.GLM_4_5, "2 x 8 x 80 GiB", "8 x 8192", "yes"),
  row("README: not 8", Model.GLM_4_5, "1 x 8 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  row("README", Model.GLM_4_6, "1 x 8 x 141 GiB", "8 x 8192", "yes"),
  row("README", Model.GLM_4_5_FP8, "1 x 8 x 80 GiB", "8 x 8192", "yes"),
  row("README: not 4", Model.GLM_4_6_FP8, "1 x 4 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  row("README", Model.GLM_4_5_AIR, "1 x 4 x 80 GiB", "8 x 8192", "yes"),
  row("README: not 2", Model.GLM_4_5_AIR, "1 x 2 x 80 GiB", "1 x 1024", "no", ["RC108"]),
  row("README", Model.GLM_4_5_AIR_FP8, "1 x 2 x 80 GiB", "8 x 8192", "yes"),
  row("README", Model.GLM_4_5_AIR_FP8, "1 x 1 x 141 GiB", "8 x 8192", "yes"),
  // 96 heads: 16 and 32 divide them, 64 does not; 24 does, but not the vocabulary.
  row("tp 32", Model.GLM_4_5, "4 x 8 x 80 GiB", "8 x 8192", "yes", [], tensorAcross),
  row("tp 64", Model.GLM_4_5, "8 x 8 x 80 GiB", "8 x 8192", "no", ["RC102"], tensorAcross),
  row("tp 24", Model.GLM_4_5_AIR, "3 x 8 x 80 GiB", "8 x 8192", "no", ["RC104"], tensorAcross),
  row("more stages than layers", Model.GLM_4_5_AIR, "6 x 8 x 80 GiB", "1 x 4096", "no", ["RC106"], {
    tensor: 1,
  }),
];
