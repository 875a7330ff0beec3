import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdeployServe } from "../../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { VllmServe } from "../../../../../lib/engines/vllm/vllm-serve";
import { Speculation } from "../../../../../lib/engines/vllm/speculation";
import { VllmDtype, type VllmServeProps } from "../../../../../lib/engines/vllm/vllm-props";
import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import { Model } from "../../../../../lib/topology/model/model";
import { ModelSource } from "../../../../../lib/topology/values/model-source";
import { HostPathStorage } from "../../../../../lib/topology/declaration/storage";
import type { BadInput } from "./bad-input";

const SMALL = { name: "small", weightBytes: 1e9, layers: 12, attentionHeads: 16, hiddenSize: 1024 };

const SMALL_MODEL = Model.fromNumbers(SMALL);

/** A small model of a type, with a quantization. */
function typed(modelType: string, quantization: object | null): Model {
  const path = join(mkdtempSync(join(tmpdir(), "bad-model-")), "config.json");
  const numbers = {
    hidden_size: 2048,
    intermediate_size: 4096,
    num_hidden_layers: 12,
    num_attention_heads: 16,
    num_key_value_heads: 8,
    vocab_size: 32000,
    max_position_embeddings: 32768,
    sliding_window: 1024,
  };
  writeFileSync(
    path,
    JSON.stringify({ model_type: modelType, ...numbers, quantization_config: quantization }),
  );
  return Model.fromConfig(path, { name: "small" });
}

const FP8_BLOCKS = typed("qwen2", { quant_method: "fp8", weight_block_size: [128, 128] });

/** A model on shared storage of machines of H100 that vLLM cuts it over. */
function served(
  model: Model,
  nodes: number,
  acceleratorsPerNode: number,
  props: VllmServeProps = {},
  accelerator = Accelerator.H100,
): Pick<BadInput, "props" | "place" | "machines"> {
  return {
    machines: true,
    props: {
      pools: [{ name: "gpu", nodes, accelerator, acceleratorsPerNode }],
      storage: [HostPathStorage.shared("/mnt/models")],
      model: ModelSource.path("/models/m", { model }),
      engine: new VllmServe({ maxModelLen: 4096, ...props }),
    },
    place: { addresses: { gpu: Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 1}`) } },
  };
}

/** A model that LMDeploy serves over the H100 of one machine. */
function session(
  model: Model,
  acceleratorsPerNode: number,
  sessionLength?: number,
): Pick<BadInput, "props" | "place" | "machines"> {
  const { props, ...rest } = served(model, 1, acceleratorsPerNode);
  return { ...rest, props: { ...props, engine: new LmdeployServe({ sessionLength }) } };
}

/** A small model that guesses for Llama 3.1. */
const drafted = (change: object = {}, options: object = {}): VllmServeProps => {
  const model = Model.fromNumbers({ ...SMALL, vocabularySize: 128256, ...change });
  const source = ModelSource.path("/models/draft", { model });
  return { speculation: Speculation.draftModel({ model: source, tokens: 3, ...options }) };
};

/** Models that cannot be served as declared. `model-table.ts` has the rules' own cases. */
export const BAD_MODELS: readonly BadInput[] = [
  {
    ...served(typed("qwen2", null), 1, 8, { enableExpertParallel: true }),
    rule: "RC183",
    path: "engine.enableExpertParallel",
    got: "true for small",
  },
  {
    ...session(typed("qwen2", null), 8, 32_769),
    rule: "RC181",
    path: "engine.sessionLength",
    got: "32769 tokens",
  },
  {
    ...session(Model.LLAMA_3_1_70B, 2),
    rule: "RC182",
    path: "engine.sessionLength",
    got: "no length",
  },
  {
    ...served(SMALL_MODEL, 1, 8, { dtype: VllmDtype.BFLOAT16 }, Accelerator.of("t4")),
    rule: "RC127",
    path: "engine.dtype",
    got: "'bfloat16'",
  },
  {
    ...served(SMALL_MODEL, 1, 8, { version: "0.8.5" }, Accelerator.of("v100-32")),
    rule: "RC127",
    path: "engine.dtype",
    got: "'auto', which is bfloat16 for small",
  },
  {
    ...served(typed("gemma3_text", null), 1, 8, { dtype: VllmDtype.FLOAT16 }),
    rule: "RC128",
    path: "engine.dtype",
    got: "'float16' for a model of type 'gemma3_text'",
  },
  {
    ...served(
      typed("qwen2", { quant_method: "awq" }),
      1,
      8,
      { version: "0.11.0" },
      Accelerator.of("v100-32"),
    ),
    rule: "RC129",
    path: "model",
    got: "weights in 'awq' on accelerators of compute capability 7.0",
  },
  {
    ...served(FP8_BLOCKS, 1, 8, { version: "0.8.5" }, Accelerator.of("a100-80")),
    rule: "RC129",
    path: "model",
    got: "weights in 'fp8' on accelerators of compute capability 8.0",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { maxModelLen: VllmServe.LONGEST_THAT_FITS, version: "0.13.0" }),
    rule: "RC175",
    path: "engine.maxModelLen",
    got: "'auto'",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { ...drafted(), version: "0.14.1" }),
    rule: "RC176",
    path: "engine.speculation",
    got: "'draft_model'",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { speculation: Speculation.ngram({ tokens: 0 }) }),
    rule: "RC177",
    path: "engine.speculation",
    got: "0 tokens",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, {
      extraArguments: ["-sc", '{"method": "ngram", "num_speculative_tokens": 0.5}'],
    }),
    rule: "RC177",
    path: "engine.extraArguments[0]",
    got: "0.5 tokens",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, drafted({}, { tensorParallelSize: 4 })),
    rule: "RC178",
    path: "engine.speculation",
    got: "a draft model over 4 ranks",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, drafted({ attentionHeads: 12, hiddenSize: 1536 })),
    rule: "RC179",
    path: "engine.speculation.model",
    got: "tp 8 for small",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, drafted({ vocabularySize: 32000 })),
    rule: "RC180",
    path: "engine.speculation.model",
    got: "a vocabulary of 32000 entries",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { plannedSequences: 0 }),
    rule: "RC100",
    path: "engine.plannedSequences",
    got: "0",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 4, 8, { tensorParallelSize: 8, pipelineParallelSize: 2 }),
    rule: "RC101",
    path: "engine.tensorParallelSize",
    got: "tp 8 x pp 2 x dp 1 = 16 ranks",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 6),
    rule: "RC102",
    path: "engine.tensorParallelSize",
    got: "6",
  },
  {
    ...served(Model.GLM_4_6_FP8, 1, 6),
    rule: "RC103",
    path: "engine.tensorParallelSize",
    got: "6",
  },
  {
    ...served(Model.GLM_4_5_AIR, 3, 8, { tensorParallelSize: 24, pipelineParallelSize: 1 }),
    rule: "RC104",
    path: "engine.tensorParallelSize",
    got: "24",
  },
  {
    ...served(Model.DEEPSEEK_R1, 4, 8, { tensorParallelSize: 32, pipelineParallelSize: 1 }),
    rule: "RC114",
    path: "engine.tensorParallelSize",
    got: "parts of 576 (18432 over 32 ranks)",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 2, 8, { layerPartition: [30, 30] }),
    rule: "RC115",
    path: "engine.layerPartition",
    got: "30, 30",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { maxModelLen: 1_000_000 }),
    rule: "RC107",
    path: "engine.maxModelLen",
    got: "1000000",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 1, 8),
    rule: "RC108",
    path: "model",
    got: "99.0 GiB (weights 94.5 GiB, cache of 1 x 4096 tokens 0.2 GiB, engine 4.2 GiB)",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { gpuMemoryUtilization: 90 }),
    rule: "RC112",
    path: "engine.gpuMemoryUtilization",
    got: "90",
  },
  {
    ...served(Model.fromNumbers({ ...SMALL, intermediateSize: 1000 }), 2, 8, { tensorParallelSize: 16 }),
    rule: "RC105",
    path: "engine.tensorParallelSize",
    got: "1000 over 16 ranks",
  },
  {
    ...served(Model.fromNumbers(SMALL), 2, 8, { tensorParallelSize: 1 }),
    rule: "RC106",
    path: "engine.pipelineParallelSize",
    got: "16",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { decodeContextParallelSize: 2 }),
    rule: "RC119",
    path: "engine.decodeContextParallelSize",
    got: "2",
  },
  {
    ...served(Model.of("llama-3.1-405"), 1, 8),
    rule: "RC116",
    path: "model",
    got: "'llama-3.1-405'",
  },
  {
    ...served(Model.of("gemma"), 1, 8),
    rule: "RC116",
    path: "model",
    got: "'gemma'",
  },
];
