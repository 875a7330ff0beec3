import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import type { VllmServeProps } from "../../../../lib/engines/vllm/vllm-props";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { Model } from "../../../../lib/topology/model/model";
import { ModelSource } from "../../../../lib/topology/declaration/model-source";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import type { BadInput } from "./bad-inputs";

/** A model on shared storage of machines of H100 that vLLM cuts it over. */
function served(
  model: Model,
  nodes: number,
  acceleratorsPerNode: number,
  props: VllmServeProps = {},
): Omit<BadInput, "line"> {
  return {
    machines: true,
    props: {
      pools: [{ name: "gpu", nodes, accelerator: Accelerator.H100, acceleratorsPerNode }],
      storage: [HostPathStorage.shared("/mnt/models")],
      model: ModelSource.path("/models/m", { model }),
      engine: new VllmServe({ maxModelLen: 4096, ...props }),
    },
    place: { addresses: { gpu: Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 1}`) } },
  };
}

/** Models that cannot be served as declared. `model-table.ts` has the rules' own cases. */
export const BAD_MODELS: readonly BadInput[] = [
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { plannedSequences: 0 }),
    line: "engine.plannedSequences [RC100]: must be a whole number of at least 1, got 0; state how many",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 4, 8, { tensorParallelSize: 8, pipelineParallelSize: 2 }),
    line: "engine.tensorParallelSize [RC101]: must make 32 ranks for 4 x 8 accelerators, got tp 8 x pp 2 x dp 1 = 16 ranks; take 2 nodes for tp 8 x pp 2 x dp 1, or cut as tp 8 x pp 4 x dp 1",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 6),
    line: "engine.tensorParallelSize [RC102]: must divide 64 attention heads, got 6; use 2",
  },
  {
    ...served(Model.GLM_4_6_FP8, 1, 6),
    line: "engine.tensorParallelSize [RC103]: must divide 8 KV heads or be a multiple of them, got 6; use 2",
  },
  {
    ...served(Model.GLM_4_5_AIR, 3, 8, { tensorParallelSize: 24, pipelineParallelSize: 1 }),
    line: "engine.tensorParallelSize [RC104]: must divide a vocabulary of 151552 entries, got 24; use 8",
  },
  {
    ...served(Model.QWEN3_235B_A22B_FP8, 1, 8),
    line: "engine.tensorParallelSize [RC105]: must cut the expert into multiples of 128, got parts of 192 (1536 over 8 ranks); use 4, or expert parallelism",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 2, 8, { layerPartition: [30, 30] }),
    line: "engine.layerPartition [RC106]: must be 2 numbers of at least 1 that sum up to 80 layers, got 30, 30; leave it out for an even partition",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { maxModelLen: 1_000_000 }),
    line: "engine.maxModelLen [RC107]: must be at most 131072 (llama-3.1-70b), got 1000000; use 131072, or a configuration that stretches the positions (rope_scaling)",
  },
  {
    ...served(Model.LLAMA_3_1_405B, 1, 8),
    line: "model [RC108]: must fit 72.0 GiB of each accelerator (90 % of 80 GiB), got 99.2 GiB (weights 94.5 GiB, cache of 1 x 4096 tokens 0.2 GiB, engine 4.5 GiB); what fits: 'llama-3.1-405b-fp8' (10.6 GiB left); or 'llama-3.1-405b-fp8-dynamic' (19.5 GiB left); or 2 nodes, tp 8 x pp 2 x dp 1 (20.2 GiB left)",
  },
  {
    ...served(Model.LLAMA_3_1_70B, 1, 8, { gpuMemoryUtilization: 90 }),
    line: "engine.gpuMemoryUtilization [RC112]: must be more than 0 and at most 1, got 90; use 0.9",
  },
];
