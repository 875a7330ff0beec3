import { memoryFit, type MemoryFit } from "../../../../lib/topology/model/memory-fit";
import type { MemoryQuestion } from "../../../../lib/topology/model/stage-memory";
import type { Model } from "../../../../lib/topology/model/model";
import logs from "../../../fixtures/models/cache-logs.json";
import { modelOf } from "../../../support/deployments";
import { type FixtureModel, fixtureModel } from "../../../support/model-fixtures";

/** What vLLM logged at its start, with everything that decides it. */
interface Log extends FixtureModel {
  readonly source: string;
  /** Model as the log names it. */
  readonly log: string;
  readonly version: string;
  readonly card: string;
  /** Memory that the driver reports. */
  readonly memoryGiB: number;
  readonly share: number;
  readonly tensor: number;
  readonly pipeline?: number;
  readonly expertParallel?: boolean;
  readonly contextTokens: number;
  readonly batchedTokens: number;
  readonly batchedSequences: number;
  readonly kvElementBytes?: number;
  readonly quantization?: string;
  /** `Model loading took … GiB`. */
  readonly weightsGiB?: number;
  /** `Available KV cache memory: … GiB`. */
  readonly roomGiB?: number;
  /** `Maximum concurrency for … tokens per request: …x`. */
  readonly concurrency?: number;
  /** Why the log is missed by more than 10 %. */
  readonly missed?: string;
}

const LOGS = logs as unknown as readonly Log[];
const HIT = LOGS.filter(({ missed }) => missed === undefined);
const MISSED = LOGS.filter(({ missed }) => missed !== undefined);

const sortsLogits = ({ version }: Log) => Number(version.split(".")[1]) < 17;

function fitOf(log: Log): MemoryFit {
  const model = fixtureModel(log, log.log);
  return memoryFit({
    ...log,
    model: log.quantization === undefined ? model : model.quantizedAs(log.quantization),
    parallelism: {
      tensor: log.tensor,
      pipeline: log.pipeline ?? 1,
      data: 1,
      expertParallel: log.expertParallel ?? false,
    },
    acceleratorMemoryGiB: log.memoryGiB,
    memoryUtilization: log.share,
    concurrentSequences: 1,
    sortsLogits: sortsLogits(log),
  });
}

/** How far the cache's memory and what it holds are from what was logged; 0: as logged. */
function errorsOf(log: Log): readonly number[] {
  const { fullest, maximumTokens } = fitOf(log);
  const { roomGiB, concurrency, contextTokens } = log;
  return [
    ...(roomGiB === undefined ? [] : [fullest.roomGiB / roomGiB - 1]),
    ...(concurrency === undefined ? [] : [maximumTokens / contextTokens / concurrency - 1]),
  ].map(Math.abs);
}

const named = (rows: readonly Log[]) =>
  rows.map(
    (log) => [`${log.log} on ${log.tensor * (log.pipeline ?? 1)} ${log.card}: ${log.source}`, log] as const,
  );

test("at least 20 logs are within 10 %, five of them with less than 5 GiB left", () => {
  expect(HIT.length).toBeGreaterThanOrEqual(20);
  expect(HIT.filter(({ roomGiB = Infinity }) => roomGiB < 5).length).toBeGreaterThanOrEqual(3);
});

test.each(named(HIT))("the cache is as logged, within 10 %%, for %s", (_, log) => {
  expect(Math.max(...errorsOf(log))).toBeLessThan(0.1);
});

// One that is no longer missed belongs to the others.
test.each(named(MISSED))("the cache is not as logged for %s", (_, log) => {
  expect(Math.max(...errorsOf(log))).toBeGreaterThanOrEqual(0.1);
});

test.each(named(LOGS.filter(({ weightsGiB, missed }) => weightsGiB !== undefined && missed === undefined)))(
  "the weights of a rank are as logged, within 2 %%, for %s",
  (_, log) => {
    expect(Math.abs(fitOf(log).fullest.weightsGiB / (log.weightsGiB as number) - 1)).toBeLessThan(0.02);
  },
);

/** Logs of which only the memory of the cache is known, and what it holds. */
const HELD: readonly (readonly [
  source: string,
  model: Model,
  tensor: number,
  roomGiB: number,
  change: Partial<MemoryQuestion>,
  tokens: number,
])[] = [
  // "24.0 GiB KV cache is needed" for one sequence of 262144 tokens.
  ["vllm-project/vllm#34076", modelOf("qwen3-30b-a3b"), 1, 24.0, { contextTokens: 262144 }, 262144],
  // 567,978 tokens, 4.33 times 131072: a quarter of the layers keeps tokens, the others a state; FP8 cache.
  [
    "noonghunna/club-3090#612",
    modelOf("qwen3.6-35b-a3b-fp8"),
    1,
    5.98,
    { kvElementBytes: 1, contextTokens: 131072 },
    567978,
  ],
  ["vllm-project/recipes moonshotai/Kimi-K2-Think.md", modelOf("kimi-k2"), 8, 46.8, {}, 715072],
  [
    "public file 54526754647, four L40S",
    modelOf("qwen3-30b-a3b"),
    4,
    23.74,
    { contextTokens: 32768 },
    1037152,
  ],
];

test.each(HELD)(
  "%s: the cache holds what was logged, within 10 %%",
  (_, model, tensor, cacheGiB, change, tokens) => {
    const { maximumTokens } = memoryFit({
      model,
      parallelism: { tensor, pipeline: 1, data: 1, expertParallel: false },
      acceleratorMemoryGiB: 1000,
      contextTokens: 4096,
      concurrentSequences: 1,
      cacheGiB,
      ...change,
    });
    expect(Math.abs(maximumTokens / tokens - 1)).toBeLessThan(0.1);
  },
);
