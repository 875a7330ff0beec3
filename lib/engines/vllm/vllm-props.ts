import type { Proof } from "../../topology/values/proof";
import type { SecretRef } from "../../topology/values/secret-ref";
import type { ServerTls } from "../served-securely";
import type { Speculation } from "./speculation";

/** How the processes of vLLM on several nodes find each other. */
export enum VllmExecutor {
  /** Workers are Ray actors, started from the head. */
  RAY = "ray",
  /** vLLM starts on every node without Ray; the nodes meet at the head's address. */
  MP = "mp",
}

/** Element type of weights and activations. */
export enum VllmDtype {
  /** As in the model's configuration, with float32 replaced by float16. */
  AUTO = "auto",
  /** 16 bits with the exponent of 32. */
  BFLOAT16 = "bfloat16",
  /** 16 bits as of IEEE 754. */
  FLOAT16 = "float16",
  /** 32 bits. */
  FLOAT32 = "float32",
}

/** What a model answers with. */
export enum VllmRunner {
  /** Text. */
  GENERATE = "generate",
  /** Vectors or scores: embedding, reranking and reward models. */
  POOLING = "pooling",
}

/** Properties of `VllmServe`. */
export interface VllmServeProps {
  /**
   * Absolute path of the model's folder in the container, the same on every node.
   *
   * @default - the folder of the cluster's `model`
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
   * @default - the remaining accelerators: one stage per node
   */
  readonly pipelineParallelSize?: number;
  /**
   * Layers of each pipeline stage, first to last (`VLLM_PP_LAYER_PARTITION`).
   *
   * @default - as even as possible
   */
  readonly layerPartition?: readonly number[];
  /**
   * Replicas of the attention layers that each serve requests of their own.
   *
   * @default 1
   */
  readonly dataParallelSize?: number;
  /**
   * Distribute whole experts over the accelerators instead of sharding each one.
   *
   * @default false
   */
  readonly enableExpertParallel?: boolean;
  /**
   * Ranks of a tensor group over which the cache of each sequence is cut (`--decode-context-parallel-size`), for long
   * contexts where they would hold copies of it. It takes no further accelerators.
   *
   * @default 1
   */
  readonly decodeContextParallelSize?: number;
  /**
   * Ranks over which the tokens of a prompt are cut (`--prefill-context-parallel-size`). It multiplies the ranks.
   *
   * @default 1
   */
  readonly prefillContextParallelSize?: number;
  /**
   * Longest sequence, prompt and answer together, in tokens; `VllmServe.LONGEST_THAT_FITS`: as many as fit into the memory
   * (vLLM 0.14 and newer).
   *
   * @default - the model's own
   */
  readonly maxModelLen?: number;
  /**
   * Sequences of full length that must fit into the cache at the same time. Checked at synth, not passed to the engine.
   *
   * @default 1
   */
  readonly plannedSequences?: number;
  /**
   * Share of an accelerator's memory that vLLM may fill, more than 0 and at most 1.
   *
   * @default - vLLM's own: 0.92, before 0.20 0.9
   */
  readonly gpuMemoryUtilization?: number;
  /**
   * Element type of the cache, e.g. `fp8`, which holds twice the tokens.
   *
   * @default - vLLM's own, `auto`: as the model's configuration says
   */
  readonly kvCacheDtype?: string;
  /**
   * Quantization of weights that are not quantized yet, while they are loaded, e.g. `fp8`; or the method of ones
   * that are.
   *
   * @default - as the model's configuration says
   */
  readonly quantization?: string;
  /**
   * Most tokens of one step.
   *
   * @default - vLLM's own
   */
  readonly maxNumBatchedTokens?: number;
  /**
   * Most sequences of one step.
   *
   * @default - vLLM's own
   */
  readonly maxNumSeqs?: number;
  /**
   * Speculative decoding. A draft model is fetched with the cluster's model and counts in its memory.
   *
   * @default - none
   */
  readonly speculation?: Speculation;
  /** @default - what the model is made for */
  readonly runner?: VllmRunner;
  /** @default - vLLM's own, VllmDtype.AUTO */
  readonly dtype?: VllmDtype;
  /**
   * Run without captured graphs, which is slower and takes less memory.
   *
   * @default false
   */
  readonly enforceEager?: boolean;
  /**
   * Version of vLLM in the image.
   *
   * @default - what the tag of a published image says
   */
  readonly version?: string;
  /**
   * TCP port on the head at which the nodes meet with `VllmExecutor.MP`.
   *
   * @default 29501
   */
  readonly masterPort?: number;
  /**
   * IPv4 address at which the API listens on the head: `0.0.0.0` for every interface, also `localhost`.
   *
   * @default - the head's address on the cluster network, which is the cluster's endpoint
   */
  readonly listenAddress?: string;
  /**
   * API keys that the server accepts, one in each line of the file. The proof of serving uses the first.
   *
   * @default - the API asks for no key
   */
  readonly apiKeys?: SecretRef;
  /**
   * Certificate and private key with which the API speaks TLS.
   *
   * @default - plain HTTP
   */
  readonly tls?: ServerTls;
  /**
   * The question whose answer proves that the engine serves.
   *
   * @default - derived from `runner` or `extraArguments` (`--runner`, `--convert`, `--task`), else from the model's
   * configuration: a chat completion, then the questions of other kinds of models where the engine refuses that
   */
  readonly proof?: Proof;
  /**
   * Further arguments of `vllm serve`, one entry each. Every user of the machine can read them.
   *
   * @default - none
   */
  readonly extraArguments?: readonly string[];
}
