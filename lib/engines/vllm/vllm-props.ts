/** How the processes of vLLM on several nodes find each other. */
export enum VllmExecutor {
  /** Workers are Ray actors, started from the head. */
  RAY = "ray",
  /** vLLM starts on every node by itself; the nodes meet at the head's address. */
  MP = "mp",
}

/** Element type of weights and activations. */
export enum VllmDtype {
  /** As the model's configuration says; what it says as float32 becomes float16. */
  AUTO = "auto",
  BFLOAT16 = "bfloat16",
  FLOAT16 = "float16",
  FLOAT32 = "float32",
}

/** What may be chosen of vLLM. */
export interface VllmServeProps {
  /**
   * Absolute path of the model's folder in the container, the same on every node.
   *
   * @default - where the cluster's `model` is brought
   */
  readonly modelPath?: string;
  /**
   * Name under which the API serves the model.
   *
   * @default - the last part of the model's path
   */
  readonly servedModelName?: string;
  /**
   * TCP port of the API, on the head.
   *
   * @default 8000
   */
  readonly port?: number;
  /** @default VllmExecutor.RAY */
  readonly executor?: VllmExecutor;
  /**
   * Accelerators that share every layer.
   *
   * @default - those of a node
   */
  readonly tensorParallelSize?: number;
  /**
   * Stages of consecutive layers.
   *
   * @default - what is left of the accelerators: one stage for each node
   */
  readonly pipelineParallelSize?: number;
  /**
   * Layers of each pipeline stage, first to last (`VLLM_PP_LAYER_PARTITION`).
   *
   * @default - as even as possible
   */
  readonly layerPartition?: readonly number[];
  /**
   * Replicas of the attention that take requests of their own.
   *
   * @default 1
   */
  readonly dataParallelSize?: number;
  /**
   * Deal out the experts of a mixture whole, instead of cutting each one.
   *
   * @default false
   */
  readonly enableExpertParallel?: boolean;
  /**
   * Longest sequence, prompt and answer together, in tokens.
   *
   * @default - the model's own
   */
  readonly maxModelLen?: number;
  /**
   * Sequences of full length that the cache must hold at the same time. Checked at synth, not given to the engine.
   *
   * @default 1
   */
  readonly plannedSequences?: number;
  /**
   * Share of an accelerator's memory that vLLM may fill, more than 0 and at most 1.
   *
   * @default - vLLM's own, 0.9 or a little more
   */
  readonly gpuMemoryUtilization?: number;
  /** @default - vLLM's own, VllmDtype.AUTO */
  readonly dtype?: VllmDtype;
  /**
   * Run without captured graphs: slower, with less memory.
   *
   * @default false
   */
  readonly enforceEager?: boolean;
  /**
   * TCP port on the head at which the nodes meet with `VllmExecutor.MP`.
   *
   * @default 29501
   */
  readonly masterPort?: number;
  /**
   * Further arguments of `vllm serve`, one entry each. Everybody on the machine can read them.
   *
   * @default - none
   */
  readonly extraArguments?: readonly string[];
}
