import type { Model } from "./model/model";

/** What decides whether a model fits, and the engine's properties for it. */
export interface EngineSizing {
  /**
   * Longest sequence, prompt and answer together, in tokens.
   *
   * @default - the model's own
   */
  readonly contextTokens?: number;
  /**
   * Whether the engine takes the longest sequence that fits into its memory, up to the model's own.
   *
   * @default false
   */
  readonly contextFits?: boolean;
  /**
   * Sequences of that length that must fit into the cache at the same time.
   *
   * @default 1
   */
  readonly concurrentSequences?: number;
  /**
   * Share of an accelerator's memory that the engine may fill, more than 0 and at most 1.
   *
   * @default 0.9
   */
  readonly memoryUtilization?: number;
  /** The engine's property for the longest sequence, e.g. `maxModelLen`. */
  readonly contextProperty: string;
  /** The engine's property for the share of memory, e.g. `gpuMemoryUtilization`. */
  readonly memoryProperty: string;
  /**
   * Share of the memory left over by the weights that the cache takes, where the engine counts so (LMDeploy).
   *
   * @default - it counts by `memoryUtilization`
   */
  readonly cacheShare?: number;
  /**
   * Element type of the cache, as the engine writes it, e.g. `fp8`.
   *
   * @default - as the model's configuration says
   */
  readonly cacheDtype?: string;
  /**
   * Element type of the weights that are not quantized, as the engine writes it; `auto`: float32 becomes a type of
   * 16 bits.
   *
   * @default - as the model's configuration says
   */
  readonly dtype?: string;
  /**
   * Quantization while the weights are loaded, as the engine writes it.
   *
   * @default - as the model's configuration says
   */
  readonly quantization?: string;
  /**
   * Keys that replace those of the model's configuration.
   *
   * @default - none
   */
  readonly overrides?: { readonly [key: string]: unknown };
  /**
   * Most tokens of one step.
   *
   * @default - the engine's own, by accelerator
   */
  readonly batchedTokens?: number;
  /**
   * Most sequences of one step.
   *
   * @default - the engine's own, by accelerator
   */
  readonly batchedSequences?: number;
  /**
   * Whether graphs are captured.
   *
   * @default true
   */
  readonly capturesGraphs?: boolean;
  /**
   * Weights of each rank that stay in the machine's memory, in GiB.
   *
   * @default 0
   */
  readonly cpuOffloadGiB?: number;
  /**
   * Memory of the cache of each rank, in GiB, where it does not follow from the share of memory.
   *
   * @default - what the share of memory leaves
   */
  readonly cacheGiB?: number;
  /**
   * Speculative tokens.
   *
   * @default - none
   */
  readonly speculative?: SpeculativeDecoding;
  /**
   * Whether the model reads text alone, although it could read images.
   *
   * @default false
   */
  readonly textOnly?: boolean;
  /**
   * Variable with which the engine takes a longer sequence than the model's configuration says.
   *
   * @default - there is none
   */
  readonly longerContextVariable?: string;
}

/** Speculative decoding. */
export interface SpeculativeDecoding {
  /** Property or argument that says so, e.g. `engine.speculation`. */
  readonly path: string;
  /** `mtp`, `eagle`, `eagle3`, `ngram`, `draft_model`, ... as the engine writes it. */
  readonly method: string;
  /** Speculative tokens of each step. */
  readonly tokens: number;
  /** Where the weights are: in the model's own files, in another model, or nowhere. */
  readonly weights: "model" | "other" | "none";
  /**
   * The other model, as it is given to the engine.
   *
   * @default - none
   */
  readonly model?: string;
  /**
   * Property with the source from which the other model is fetched.
   *
   * @default - it is not fetched
   */
  readonly property?: string;
  /**
   * Numbers of the other model.
   *
   * @default - not known
   */
  readonly numbers?: Model;
  /**
   * Ranks that share the other model.
   *
   * @default - those of the model
   */
  readonly tensor?: number;
}
