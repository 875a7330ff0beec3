import type { Collective } from "../../../catalog/facts";
import { engineMilestone } from "../../../catalog/engines";
import { findModelFamily } from "../../../catalog/models";
import { compareVersions, parseVersion } from "../../../catalog/ray-versions";
import { type DraftSize, paddedVocabulary } from "../../model/stage-memory";
import type { SpeculativeDecoding } from "../../engine-sizing";
import type { Model } from "../../model/model";
import {
  feedForwardRanks,
  kvHeadsPerRank,
  layerPartition,
  type Parallelism,
  sharedExpertRanks,
} from "../../model/parallelism";
import { type CutMatrix, cutMatrices } from "./cut-matrices";

/** The engine that serves, as far as the cut depends on it. */
export interface EngineRelease {
  /** `vllm`, `lmdeploy`. */
  readonly name: string;
  /** @default - the newest that is known */
  readonly version?: string;
}

/** A draft model. */
export interface DraftModel extends DraftSize {
  readonly model: Model;
}

/** A model on a cluster: what the rules of models look at. */
export interface ModelPlan {
  readonly model: Model;
  readonly parallelism: Parallelism;
  readonly nodes: number;
  readonly acceleratorsPerNode: number;
  /** Memory of one accelerator. */
  readonly acceleratorMemoryGiB: number;
  /** NVIDIA's, of the oldest accelerators. @default - they have none, or it is not known */
  readonly computeCapability?: number;
  /** Element type of what is not quantized, as the engine writes it. @default auto */
  readonly dtype?: string;
  /** Key of the fabric, e.g. `efa`. */
  readonly fabric: string;
  /** Longest sequence, prompt and answer together. */
  readonly contextTokens: number;
  /** The engine's property for it. @default contextTokens */
  readonly contextProperty?: string;
  /** Sequences of that length at the same time, in the whole cluster. */
  readonly concurrentSequences: number;
  /** @default 0.9 */
  readonly memoryUtilization?: number;
  /** @default - bytes of the model's element type */
  readonly kvElementBytes?: number;
  /** @default - it counts by `memoryUtilization` */
  readonly cacheShare?: number;
  /** @default - what the share of memory leaves */
  readonly cacheGiB?: number;
  /** @default 0 */
  readonly cpuOffloadGiB?: number;
  /** @default 8192 */
  readonly batchedTokens?: number;
  /** @default 1024 */
  readonly batchedSequences?: number;
  /** @default false */
  readonly sortsLogits?: boolean;
  /** @default false */
  readonly budgetsGraphs?: boolean;
  /** Whether graphs are captured. @default false */
  readonly capturesGraphs?: boolean;
  /** @default false */
  readonly loadsNextTokenModules?: boolean;
  /** @default false */
  readonly textOnly?: boolean;
  /** Speculative decoding. @default - none */
  readonly speculative?: SpeculativeDecoding;
  /** A draft model, where its numbers are known. @default - none */
  readonly draft?: DraftModel;
  /** Whether the context is the longest that fits, which is shorter than the model's. @default false */
  readonly contextFits?: boolean;
  /** Whether the engine takes a longer sequence than the configuration says. @default false */
  readonly allowsLongerContext?: boolean;
  /** Variable that makes it do so. @default - there is none */
  readonly longerContextVariable?: string;
  /**
   * Library that carries the collectives; variants that its accelerators cannot compute with are not proposed.
   *
   * @default - all variants are proposed
   */
  readonly collective?: Collective;
  /** @default - vLLM, the newest that is known */
  readonly engine?: EngineRelease;
}

/** Why a matrix cannot be cut, or not by every kernel. */
export interface WidthObstacle {
  /** `feed-forward`, `expert`, `attention`, ... */
  readonly what: string;
  readonly width: number;
  /** Parts that it would be cut into. */
  readonly parts: number;
  /** Rows or columns that share a scale, where these are in the way; `undefined`: the width itself does not divide. */
  readonly block?: number;
  /** Expert parallelism would not cut it. */
  readonly expert: boolean;
  /** The engine loads it, with kernels that not every release and accelerator has. */
  readonly tolerated: boolean;
}

/** Numbers of heads that layers have, ascending. Of linear attention the key heads count. */
export function headCounts(model: Model): readonly number[] {
  const counts = model._structure.layers.map(({ mixer }) =>
    mixer === null ? 0 : mixer.kind === "linear" ? mixer.keyHeads : mixer.heads,
  );
  return [...new Set([model.shape.attentionHeads, ...counts])]
    .filter((count) => count > 0)
    .sort((one, other) => one - other);
}

/** Heads go whole to the ranks (vLLM `vllm/config/model.py`), in every layer. */
export function headsDivide(model: Model, tensor: number): boolean {
  return headCounts(model).every((count) => count % tensor === 0);
}

/** Numbers of KV heads that layers have, ascending. */
export function kvHeadCounts(model: Model): readonly number[] {
  const counts = model.shape.layerCaches.map(({ kvHeads }) => kvHeads).filter((count) => count > 0);
  return [...new Set(counts)].sort((one, other) => one - other);
}

/** KV heads are dealt out evenly, or each is copied equally often; with latent attention all ranks hold the cache. */
export function kvHeadsDivide(model: Model, tensor: number): boolean {
  return kvHeadCounts(model).every((kvHeads) =>
    tensor > kvHeads ? tensor % kvHeads === 0 : kvHeads % tensor === 0,
  );
}

/** Embedding and head are cut by entries of the padded vocabulary (vLLM `vocab_parallel_embedding.py`). */
export function vocabularyDivides(model: Model, tensor: number): boolean {
  return paddedVocabulary(model.shape.vocabularySize) % tensor === 0;
}

/** Parts that a matrix is cut into, by how it is spread. */
const PARTS: { readonly [spread in CutMatrix["spread"]]: (parallelism: Parallelism) => number } = {
  sharded: ({ tensor }) => tensor,
  "kv-heads": ({ tensor }) => tensor,
  replicated: () => 1,
  "feed-forward": feedForwardRanks,
  "shared-experts": sharedExpertRanks,
  experts: ({ tensor, data }) => tensor * data,
};

/** Matrices that are cut by heads. */
const HEADED = ["attention", "linear attention"];

/** Matrices that cannot be cut evenly, or not at the blocks that share a scale (vLLM `quantization/utils/fp8_utils.py`). */
export function widthObstacles(
  model: Model,
  parallelism: Parallelism,
  engine?: EngineRelease,
): readonly WidthObstacle[] {
  return cutMatrices(model).flatMap((matrix): readonly WidthObstacle[] => {
    const expert = matrix.spread === "experts";
    const { tensor, expertParallel } = parallelism;
    const parts = PARTS[matrix.spread](parallelism);
    if (matrix.size === 0 || parts === 1 || (expert && expertParallel)) {
      return [];
    }
    const obstacle = { what: matrix.what, width: matrix.size, parts, expert };
    if (matrix.spread === "kv-heads") {
      const part = kvHeadsPerRank(matrix.size / matrix.unit, tensor) * matrix.unit;
      // Heads that no block fits are loaded by code of their model (vLLM `mimo_v2.py`: keys of 192 in blocks of 128).
      const ownLoader = matrix.unit > matrix.block && matrix.unit % matrix.block !== 0;
      return ownLoader || part % matrix.block === 0 || isReadAnywhere(matrix, engine)
        ? []
        : [{ ...obstacle, parts: matrix.size / part, block: matrix.block, tolerated: false }];
    }
    // Heads that do not divide are another rule's.
    if (HEADED.includes(matrix.what) && matrix.size % parts !== 0) {
      return [];
    }
    if (matrix.size % parts !== 0) {
      return [{ ...obstacle, tolerated: false }];
    }
    const part = matrix.size / parts;
    if (part % matrix.block === 0) {
      return [];
    }
    if (!expert && (isReadAnywhere(matrix, engine) || isPadded(matrix, model, engine))) {
      return [];
    }
    if (!expert) {
      return [{ ...obstacle, block: matrix.block, tolerated: false }];
    }
    const answer = expertsAtBlocks(matrix, part, engine);
    return answer === "refused"
      ? [{ ...obstacle, block: matrix.block, tolerated: false }]
      : answer === "loaded"
        ? [{ ...obstacle, block: matrix.block, tolerated: true }]
        : [];
  });
}

/** The obstacles that an engine refuses. */
export function refusedWidths(
  model: Model,
  parallelism: Parallelism,
  engine?: EngineRelease,
): readonly WidthObstacle[] {
  return widthObstacles(model, parallelism, engine).filter(({ tolerated }) => !tolerated);
}

/** Finest blocks that kernels for experts read. */
const FINEST_BLOCK = 32;

/**
 * What an engine does with experts whose parts hold a fraction of a block: vLLM reads scales of finer blocks since
 * 0.29 and fills parts up to whole blocks since 0.31 (`fused_moe/oracle/fp8.py`); its kernel for GPTQ and AWQ halves
 * the groups (`quantization/moe_wna16.py`); the 4-bit float formats fill up.
 */
function expertsAtBlocks(
  { size, otherSize, block, method }: CutMatrix,
  part: number,
  engine: EngineRelease = { name: "vllm" },
): "refused" | "loaded" | "fits" {
  if (block <= FINEST_BLOCK) {
    return "fits";
  }
  if (engine.name !== "vllm") {
    return "refused";
  }
  const since = (milestone: string) => isSince(engine, milestone);
  const finer = greatestDivisor(greatestDivisor(block, part), otherSize) >= FINEST_BLOCK;
  if (/^(gptq|awq|auto-round|inc|intel)/.test(method)) {
    return finer ? "loaded" : "refused";
  }
  if (/^w\d/.test(method)) {
    return "refused";
  }
  const filled = size % block === 0 && otherSize % block === 0;
  return (finer && since("vllm-finer-fp8-expert-blocks")) || (filled && since("vllm-padded-fp8-experts"))
    ? "loaded"
    : "refused";
}

/** Whether an engine is as new as a milestone of the catalogue; a version that is not known counts as the newest. */
function isSince({ version }: EngineRelease, milestone: string): boolean {
  return (
    version === undefined ||
    !parseVersion(version) ||
    compareVersions(version, engineMilestone(milestone).version) >= 0
  );
}

/** vLLM reads projections that it loads as one matrix also where a cut lies within a block. */
function isReadAnywhere({ merged }: CutMatrix, engine: EngineRelease = { name: "vllm" }): boolean {
  return merged && engine.name === "vllm" && isSince(engine, "vllm-misaligned-merged-fp8-rows");
}

/** Code of some families fills the parts of a feed-forward up to whole blocks. */
function isPadded(
  { spread }: CutMatrix,
  { shape }: Model,
  engine: EngineRelease = { name: "vllm" },
): boolean {
  return (
    (spread === "feed-forward" || spread === "shared-experts") &&
    engine.name === "vllm" &&
    findModelFamily(shape.modelType)?.padsFeedForward === true
  );
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}

/** Each stage has at least one layer, and a given partition has them all. */
export function stagesHaveLayers(model: Model, parallelism: Parallelism): boolean {
  const partition = layerPartition(model.shape.layers, parallelism);
  return (
    partition.length === parallelism.pipeline &&
    partition.every((layers) => Number.isInteger(layers) && layers >= 1) &&
    partition.reduce((total, layers) => total + layers, 0) === model.shape.layers
  );
}

/** Whether an engine would accept the cut, memory aside. */
export function canBeCut(model: Model, parallelism: Parallelism, engine?: EngineRelease): boolean {
  const { tensor } = parallelism;
  return (
    headsDivide(model, tensor) &&
    kvHeadsDivide(model, tensor) &&
    vocabularyDivides(model, tensor) &&
    refusedWidths(model, parallelism, engine).length === 0 &&
    stagesHaveLayers(model, parallelism)
  );
}
