import { readFileSync } from "node:fs";
import { findModel } from "../../catalog/models";
import type { ModelShape, Quantization } from "../../catalog/models";
import { dtypeOf, elementBytesOf, shapeOf } from "./hub-config";
import { quantizationOf, type HubObject } from "./hub-quantization";
import { fileBytes, parametersOf, weightsOf, type ModelWeights } from "./model-weights";
import { evenWeights, shapeOfNumbers, type ModelNumbers } from "./model-numbers";

/** Stands in for the numbers of a key that the catalogue does not hold. */
const UNKNOWN: ModelNumbers = {
  name: "unknown",
  weightBytes: 1,
  layers: 1,
  attentionHeads: 1,
  hiddenSize: 1,
};

/** What a configuration file does not say about a model. */
export interface ModelConfigOptions {
  /**
   * Name in reviews and messages.
   *
   * @default - `_name_or_path` of the configuration, else its `model_type`
   */
  readonly name?: string;
  /**
   * Bytes of all weight files, where known, e.g. from `model.safetensors.index.json`.
   *
   * @default - computed from the configuration
   */
  readonly weightBytes?: number;
}

/**
 * A language model as numbers: what decides whether it fits a cluster and how it can be split.
 * Where the weights come from is another matter (`ModelSource`).
 */
export class Model {
  public static readonly LLAMA_3_1_405B = Model.of("llama-3.1-405b");
  /** As Meta published it: only the inner feed-forwards are FP8. */
  public static readonly LLAMA_3_1_405B_FP8 = Model.of("llama-3.1-405b-fp8");
  /** All linear layers FP8. */
  public static readonly LLAMA_3_1_405B_FP8_DYNAMIC = Model.of("llama-3.1-405b-fp8-dynamic");
  public static readonly LLAMA_3_1_70B = Model.of("llama-3.1-70b");
  public static readonly LLAMA_3_1_70B_FP8_DYNAMIC = Model.of("llama-3.1-70b-fp8-dynamic");
  /** FP8, as published. */
  public static readonly DEEPSEEK_V3 = Model.of("deepseek-v3");
  public static readonly DEEPSEEK_V3_BF16 = Model.of("deepseek-v3-bf16");
  /** 8-bit integers, for Ascend. */
  public static readonly DEEPSEEK_V3_W8A8 = Model.of("deepseek-v3-w8a8");
  /** FP8, as published. */
  public static readonly DEEPSEEK_R1 = Model.of("deepseek-r1");
  public static readonly DEEPSEEK_R1_BF16 = Model.of("deepseek-r1-bf16");
  /** 8-bit integers, for Ascend. */
  public static readonly DEEPSEEK_R1_W8A8 = Model.of("deepseek-r1-w8a8");
  public static readonly QWEN3_235B_A22B = Model.of("qwen3-235b-a22b");
  public static readonly QWEN3_235B_A22B_FP8 = Model.of("qwen3-235b-a22b-fp8");
  public static readonly QWEN2_5_72B = Model.of("qwen2.5-72b");
  /** FP8, as published. */
  public static readonly KIMI_K2 = Model.of("kimi-k2");
  public static readonly GLM_4_5 = Model.of("glm-4.5");
  public static readonly GLM_4_5_FP8 = Model.of("glm-4.5-fp8");
  public static readonly GLM_4_6 = Model.of("glm-4.6");
  public static readonly GLM_4_6_FP8 = Model.of("glm-4.6-fp8");
  public static readonly GLM_4_5_AIR = Model.of("glm-4.5-air");
  public static readonly GLM_4_5_AIR_FP8 = Model.of("glm-4.5-air-fp8");

  /**
   * A model by its key in the catalogue.
   *
   * @param id key, e.g. `deepseek-r1-w8a8`. An unknown one is reported by the plan (RC116), with the nearest known key.
   */
  public static of(id: string): Model {
    const facts = findModel(id);
    if (!facts) {
      return new Model(id, shapeOfNumbers(UNKNOWN), "bfloat16", null, 0, 0, undefined, id);
    }
    const { architecture, dtype, quantization, parameters, weightBytes, hubRepository } = facts;
    return new Model(
      id,
      architecture,
      dtype,
      quantization,
      parameters,
      weightBytes,
      undefined,
      id,
      hubRepository,
    );
  }

  /**
   * A model by its Hugging Face `config.json`: dense, grouped-query, expert and latent-attention families of
   * `lib/catalog/model-families.json`, with their `quantization_config`.
   *
   * @param path of the file, read now
   * @throws Error where the file is no configuration of a known family, or of a known quantization; the message
   *         begins with the path
   */
  public static fromConfig(path: string, options: ModelConfigOptions = {}): Model {
    try {
      const config = JSON.parse(readFileSync(path, "utf8")) as HubObject;
      const shape = shapeOf(config);
      const dtype = dtypeOf(config);
      const quantization = quantizationOf(config);
      const weights = weightsOf(shape, elementBytesOf(dtype), quantization);
      const name = options.name ?? String(config._name_or_path ?? shape.modelType);
      const weightBytes = options.weightBytes ?? fileBytes(weights, shape.tiedEmbeddings);
      return new Model(name, shape, dtype, quantization, parametersOf(shape), weightBytes, weights);
    } catch (error) {
      throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * Any other model, by its numbers. Its weights count as spread evenly over the layers.
   *
   * @throws Error for a number that is not positive, or without either KV heads or a latent cache
   */
  public static fromNumbers(numbers: ModelNumbers): Model {
    const shape = shapeOfNumbers(numbers);
    const dtype = numbers.dtype ?? "bfloat16";
    const weights = evenWeights(numbers, elementBytesOf(dtype));
    const parameters = numbers.parameters ?? Math.round(numbers.weightBytes / elementBytesOf(dtype));
    return new Model(numbers.name, shape, dtype, null, parameters, numbers.weightBytes, weights);
  }

  private constructor(
    /** Name in reviews and messages. */
    public readonly name: string,
    /** Layers, heads, widths. */
    public readonly shape: ModelShape,
    /** Element type of what is not quantized: `bfloat16`, `float16` or `float32`. */
    public readonly dtype: string,
    /** How the linear layers are quantized; `null`: not, or not known (`fromNumbers`). */
    public readonly quantization: Quantization | null,
    /** Parameters, without next-token prediction modules. */
    public readonly parameters: number,
    /** Bytes of all weight files: what is downloaded and stored. */
    public readonly weightBytes: number,
    private knownWeights: ModelWeights | undefined,
    /** Key in the catalogue; `undefined`: not from there. */
    public readonly id?: string,
    /** Repository on its hub, `owner/name`; `undefined`: not known. */
    public readonly hubRepository?: string,
  ) {}

  /** Bytes in memory, by layer and by how tensor parallelism spreads them. */
  public get weights(): ModelWeights {
    // Counted when first asked for: the statics of the whole catalogue would cost every program its start.
    return (this.knownWeights ??= weightsOf(this.shape, this.elementBytes, this.quantization));
  }

  /** Bytes of one element of the cache, where the engine is not told otherwise. */
  public get elementBytes(): number {
    return elementBytesOf(this.dtype);
  }

  /**
   * Bytes that one token takes in the cache of the whole model, each key/value head counted once:
   * `2 x layers x KV heads x head dim x bytes`, with latent attention `layers x (rank + rotary dim) x bytes`
   * (vLLM's own formula, `vllm/v1/kv_cache_interface.py`).
   */
  public get kvBytesPerToken(): number {
    const { layers, kvHeads, headDim, mla } = this.shape;
    const perLayer = mla ? mla.kvRank + mla.ropeHeadDim : 2 * kvHeads * headDim;
    return layers * perLayer * this.elementBytes;
  }
}
