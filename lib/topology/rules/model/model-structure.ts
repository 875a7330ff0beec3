import type { Collective } from "../../../catalog/facts";
import { paddedVocabulary } from "../../model/memory-fit";
import type { Model } from "../../model/model";
import { hasExperts } from "../../model/model-modules";
import { layerPartition, type Parallelism } from "../../model/parallelism";

/** A model on a cluster: what the rules of models look at. */
export interface ModelPlan {
  readonly model: Model;
  readonly parallelism: Parallelism;
  readonly nodes: number;
  readonly acceleratorsPerNode: number;
  /** Memory of one accelerator. */
  readonly acceleratorMemoryGiB: number;
  /** Key of the fabric, e.g. `efa`. */
  readonly fabric: string;
  /** Longest sequence, prompt and answer together. */
  readonly contextTokens: number;
  /** Sequences of that length at the same time, in the whole cluster. */
  readonly concurrentSequences: number;
  /** @default 0.9 */
  readonly memoryUtilization?: number;
  /** @default - bytes of the model's element type */
  readonly kvElementBytes?: number;
  /**
   * Library that carries the collectives; variants that its accelerators cannot compute with are not proposed.
   *
   * @default - all variants are proposed
   */
  readonly collective?: Collective;
}

/** Why a width cannot be cut. */
export interface WidthObstacle {
  readonly what: string;
  readonly width: number;
  /** Parts that it would be cut into. */
  readonly parts: number;
  /** Rows of a quantization block, where these are in the way; `undefined`: the width itself does not divide. */
  readonly block?: number;
  /** Expert parallelism would not cut it. */
  readonly expert: boolean;
}

/** Attention heads go whole to the ranks (vLLM `vllm/config/model.py`). */
export function headsDivide(model: Model, tensor: number): boolean {
  return model.shape.attentionHeads % tensor === 0;
}

/** KV heads are dealt out evenly, or each is copied equally often; with latent attention all ranks hold the cache. */
export function kvHeadsDivide(model: Model, tensor: number): boolean {
  const { kvHeads, mla } = model.shape;
  return mla !== null || (tensor > kvHeads ? tensor % kvHeads === 0 : kvHeads % tensor === 0);
}

/** Embedding and head are cut by entries of the padded vocabulary (vLLM `vocab_parallel_embedding.py`). */
export function vocabularyDivides(model: Model, tensor: number): boolean {
  return paddedVocabulary(model.shape.vocabularySize) % tensor === 0;
}

/** Feed-forward widths that cannot be cut, or not at the blocks that share a scale (vLLM `quantization/fp8.py`). */
export function widthObstacles(model: Model, parallelism: Parallelism): readonly WidthObstacle[] {
  const { shape, quantization } = model;
  const { tensor, data, expertParallel } = parallelism;
  const hasDense = Array.from({ length: shape.layers }, (_, layer) => layer).some(
    (layer) => !hasExperts(shape, layer),
  );
  const widths = [
    { what: "feed-forward", width: hasDense ? shape.intermediateSize : 0, parts: tensor, expert: false },
    { what: "shared expert", width: shape.moe?.sharedWidth ?? 0, parts: tensor, expert: false },
    {
      what: "expert",
      width: expertParallel ? 0 : (shape.moe?.expertWidth ?? 0),
      parts: tensor * data,
      expert: true,
    },
  ];
  // One row to a scale is a channel, not a block.
  const block = quantization?.blockRows && quantization.blockRows > 1 ? quantization.blockRows : undefined;
  return widths
    .filter(
      ({ width, parts }) => width % parts !== 0 || (parts > 1 && block && (width / parts) % block !== 0),
    )
    .map((obstacle) => (obstacle.width % obstacle.parts === 0 ? { ...obstacle, block } : obstacle));
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
export function canBeCut(model: Model, parallelism: Parallelism): boolean {
  const { tensor } = parallelism;
  return (
    headsDivide(model, tensor) &&
    kvHeadsDivide(model, tensor) &&
    vocabularyDivides(model, tensor) &&
    widthObstacles(model, parallelism).length === 0 &&
    stagesHaveLayers(model, parallelism)
  );
}
