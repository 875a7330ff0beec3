import { memoryFit, type MemoryFit, type MemoryQuestion } from "../../../../lib/topology/model/memory-fit";
import { Model } from "../../../../lib/topology/model/model";
import { modelOf } from "../../../support/deployments";

/** What vLLM logged: memory of the cache on one rank, and what it holds. */
interface Log {
  readonly source: string;
  readonly model: Model;
  readonly tensor: number;
  readonly roomGiB: number;
  readonly change?: Partial<MemoryQuestion>;
  /** Tokens that it holds. */
  readonly tokens: number;
}

const llama8 = Model.fromConfig(require.resolve("../../../fixtures/models/llama-3.1-8b.json"), {
  name: "8b",
});

const LOGS: readonly Log[] = [
  {
    source: "vllm-project/vllm#21348",
    model: Model.QWEN3_235B_A22B_FP8,
    tensor: 4,
    roomGiB: 8.11,
    tokens: 178880,
  },
  { source: "llm-d-planner, Llama-3.1-8B", model: llama8, tensor: 1, roomGiB: 58.11, tokens: 476016 },
  { source: "LMCache, Llama-3.1-70B", model: Model.LLAMA_3_1_70B, tensor: 4, roomGiB: 32.06, tokens: 420208 },
  // "24.0 GiB KV cache is needed" for one sequence of 262144 tokens.
  {
    source: "vllm-project/vllm#34076, Qwen3-Coder-30B-A3B",
    model: modelOf("qwen3-30b-a3b"),
    tensor: 1,
    roomGiB: 24.0,
    tokens: 262144,
  },
  // 567,978 tokens, 4.33 times 131072: a quarter of the layers keeps tokens, the others a state; FP8 cache.
  {
    source: "noonghunna/club-3090#612, Qwen3.6-35B-A3B",
    model: modelOf("qwen3.6-35b-a3b-fp8"),
    tensor: 1,
    roomGiB: 5.98,
    change: { kvElementBytes: 1, contextTokens: 131072 },
    tokens: 567978,
  },
];

function held({ model, tensor, roomGiB, change }: Log): MemoryFit {
  return memoryFit({
    model,
    parallelism: { tensor, pipeline: 1, data: 1, expertParallel: false },
    acceleratorMemoryGiB: 1000,
    contextTokens: 4096,
    concurrentSequences: 1,
    cacheGiB: roomGiB,
    ...change,
  });
}

test.each(LOGS.map((log) => [log.source, log] as const))(
  "the cache holds what %s logged, within 10 %%",
  (_, log) => {
    const { maximumTokens } = held(log);
    expect(Math.abs(maximumTokens / log.tokens - 1)).toBeLessThan(0.1);
  },
);

/** Memory that vLLM logged as left for the cache of a rank on a whole accelerator. */
const ROOMS = [
  { source: "llm-d-planner, Llama-3.1-8B on H100", model: llama8, tensor: 1, logged: 51.38 },
  { source: "llm-d-planner, Qwen3-0.6B on H100", model: modelOf("qwen3-0.6b"), tensor: 1, logged: 64.45 },
  {
    source: "llm-d-benchmark, Llama-3.3-70B-FP8 on two H100",
    model: Model.LLAMA_3_1_70B_FP8_DYNAMIC,
    tensor: 2,
    logged: 32.0,
  },
  { source: "LMCache, Llama-3.1-70B on four H100", model: Model.LLAMA_3_1_70B, tensor: 4, logged: 32.06 },
];

test.each(ROOMS.map((log) => [log.source, log] as const))(
  "%s leaves the cache what was logged, within 10 %%",
  (_, log) => {
    const { fullest } = memoryFit({
      model: log.model,
      parallelism: { tensor: log.tensor, pipeline: 1, data: 1, expertParallel: false },
      acceleratorMemoryGiB: 79.18,
      contextTokens: 4096,
      concurrentSequences: 1,
      batchedTokens: 8192,
    });
    expect(Math.abs(fullest.roomGiB / log.logged - 1)).toBeLessThan(0.1);
  },
);
