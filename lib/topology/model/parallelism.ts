/** How a model is split over the accelerators. */
export interface Parallelism {
  /** Ranks that share every layer (`tp`). */
  readonly tensor: number;
  /** Stages of consecutive layers (`pp`). */
  readonly pipeline: number;
  /** Replicas of the attention, which take requests of their own (`dp`). */
  readonly data: number;
  /** Whole experts are distributed over the tensor times data parallel ranks, instead of being split. */
  readonly expertParallel: boolean;
  /** Ranks of a tensor group over which the cache of each sequence is cut; `undefined`: 1. They are no further ranks. */
  readonly decodeContext?: number;
  /** Ranks over which the tokens of a prompt are cut, besides all others; `undefined`: 1. */
  readonly prefillContext?: number;
  /**
   * Whether the feed-forward layers are cut over tensor times data parallel ranks, as experts are (LMDeploy without expert
   * parallelism); `undefined`: over the tensor parallel ranks.
   */
  readonly cutsFeedForwardOverReplicas?: boolean;
  /** Whether shared experts are whole on each rank; `undefined`: cut over the tensor parallel ranks. */
  readonly keepsSharedExperts?: boolean;
  /** Layers of each pipeline stage, as in `VLLM_PP_LAYER_PARTITION`; `undefined`: as even as possible. */
  readonly layerPartition?: readonly number[];
}

/** What is given of a parallelism, and what it is for. */
export interface ParallelismRequest {
  readonly nodes: number;
  readonly acceleratorsPerNode: number;
  /** @default - the accelerators of a node, where another kind takes up the further nodes; else all that are left */
  readonly tensor?: number;
  /** @default - what is left of the accelerators */
  readonly pipeline?: number;
  /** @default 1, or what is left of the accelerators where `acrossNodes` is `data` */
  readonly data?: number;
  /** @default false */
  readonly expertParallel?: boolean;
  /** @default 1 */
  readonly decodeContext?: number;
  /** @default 1 */
  readonly prefillContext?: number;
  /**
   * What the nodes after the first add.
   *
   * @default pipeline
   */
  readonly acrossNodes?: "pipeline" | "tensor" | "data";
  /** @default - as even as possible */
  readonly layerPartition?: readonly number[];
}

/**
 * A parallelism for all accelerators of the cluster: what is given stays, the rest is filled in. The usual cut
 * is one tensor group for each node and one pipeline stage for each tensor group. Where what is given does not
 * divide the accelerators, the product of the answer is not their number, which RC101 reports.
 */
export function deriveParallelism(request: ParallelismRequest): Parallelism {
  const {
    nodes,
    acceleratorsPerNode,
    acrossNodes = "pipeline",
    decodeContext = 1,
    prefillContext = 1,
  } = request;
  const left = (taken: number) =>
    Math.max(1, Math.floor((nodes * acceleratorsPerNode) / (taken * prefillContext)));
  const { pipeline, data } = request;
  // Pipeline or data parallelism absorb the further nodes where they are still open; else tensor parallelism must.
  const open = acrossNodes === "data" ? data === undefined : pipeline === undefined;
  const tensor =
    request.tensor ??
    (open && acrossNodes !== "tensor"
      ? Math.max(1, Math.floor(acceleratorsPerNode / prefillContext))
      : left((pipeline ?? 1) * (data ?? 1)));
  const filledData = data ?? (acrossNodes === "data" ? left(tensor * (pipeline ?? 1)) : 1);
  return {
    tensor,
    pipeline: pipeline ?? left(tensor * filledData),
    data: filledData,
    expertParallel: request.expertParallel ?? false,
    ...(decodeContext > 1 ? { decodeContext } : {}),
    ...(prefillContext > 1 ? { prefillContext } : {}),
    ...(request.layerPartition ? { layerPartition: request.layerPartition } : {}),
  };
}

/** Ranks of a parallelism. */
export function ranksOf(parallelism: Parallelism): number {
  const { tensor, pipeline, data, prefillContext = 1 } = parallelism;
  return tensor * pipeline * data * prefillContext;
}

/** `tp 8 x pp 2 x dp 1`. */
export function showParallelism({ tensor, pipeline, data, prefillContext = 1 }: Parallelism): string {
  return `tp ${tensor} x pp ${pipeline} x dp ${data}${prefillContext > 1 ? ` x pcp ${prefillContext}` : ""}`;
}

/** Ranks over which the routed experts of a layer are spread, whole or cut (vLLM's group of expert parallelism). */
export function expertRanks({ tensor, data, prefillContext = 1 }: Parallelism): number {
  return tensor * data * prefillContext;
}

/**
 * Share of a layer's routed experts that one rank holds, cut or whole (vLLM `docs/serving/data_parallel_deployment.md`).
 *
 * @param experts of the layer; 0: not known
 */
export function expertShare(experts: number, parallelism: Parallelism): number {
  const ranks = expertRanks(parallelism);
  return parallelism.expertParallel && experts > 0 ? Math.ceil(experts / ranks) / experts : 1 / ranks;
}

/** Ranks over which feed-forward layers are cut. */
export function feedForwardRanks(parallelism: Parallelism): number {
  return parallelism.cutsFeedForwardOverReplicas === true ? expertRanks(parallelism) : parallelism.tensor;
}

/** Ranks over which shared experts are cut; 1: each rank holds them whole. */
export function sharedExpertRanks(parallelism: Parallelism): number {
  return parallelism.keepsSharedExperts === true ? 1 : feedForwardRanks(parallelism);
}

/**
 * Layers of each pipeline stage. The rest goes to the last stages but the very last, which has the head
 * (vLLM `vllm/distributed/utils.py`, `get_pp_indices`): 126 over 4 is 31, 32, 32, 31.
 */
export function layerPartition(layers: number, parallelism: Parallelism): readonly number[] {
  if (parallelism.layerPartition) {
    return parallelism.layerPartition;
  }
  const { pipeline } = parallelism;
  const rest = layers % pipeline;
  return Array.from(
    { length: pipeline },
    (_, stage) =>
      Math.floor(layers / pipeline) + (stage < pipeline - 1 && stage >= pipeline - 1 - rest ? 1 : 0),
  );
}

/**
 * Most nodes that one tensor group touches. Ranks lie node by node and tensor groups are the innermost
 * (vLLM: `[data, pipeline, tensor]`), so a group that does not divide a node reaches into the next.
 */
export function nodesOfTensorGroup(parallelism: Parallelism, acceleratorsPerNode: number): number {
  const { tensor } = parallelism;
  const groups = ranksOf(parallelism) / tensor;
  const nodeOf = (rank: number) => Math.floor(rank / acceleratorsPerNode);
  return Math.max(
    ...Array.from(
      { length: groups },
      (_, index) => nodeOf((index + 1) * tensor - 1) - nodeOf(index * tensor) + 1,
    ),
  );
}

/** Key/value heads that one rank holds: at least one, so more ranks than heads hold copies. */
export function kvHeadsPerRank(kvHeads: number, tensor: number): number {
  return Math.max(1, Math.ceil(kvHeads / tensor));
}
