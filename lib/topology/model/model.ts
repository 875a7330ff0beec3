import { findModel, type ModelShape, type Quantization } from "../../catalog/models";
import { elementBytesOf, loadedElementBytes, structureOf } from "./hub-config";
import { type Modality, modalitiesOf } from "./hub-encoders";
import { HubKeys, type HubObject } from "./hub-keys";
import { type ModelPositions, positionsOf } from "./hub-positions";
import { growthBytes } from "./layer-cache";
import type { ModelStructure } from "./layer-structure";
import { readConfig } from "./model-folder";
import { type ModelNumbers, structureOfNumbers } from "./model-numbers";
import {
  atPath,
  merged,
  type ModelConfigOptions,
  type ModelParts,
  onlineQuantization,
  partsOfConfig,
  partsOfFolder,
  partsOfNumbers,
  UNKNOWN,
  type WeightsBasis,
} from "./model-parts";
import { type ModelTask, taskOf } from "./model-task";
import {
  changedWeights,
  fileBytes,
  type ModelWeights,
  parametersOf,
  scaledWeights,
  weightsOf,
} from "./model-weights";

/**
 * A language model as numbers: what decides whether it fits a cluster and how it can be split.
 * Where the weights come from is another matter (`ModelSource`).
 *
 * @example
 * Model.fromFolder("/models/my-finetune");
 */
export class Model {
  /** Llama 3.1 405B, bf16: `meta-llama/Llama-3.1-405B-Instruct`. */
  public static readonly LLAMA_3_1_405B = Model.of("llama-3.1-405b");
  /** As Meta published it: only the inner feed-forwards are FP8. */
  public static readonly LLAMA_3_1_405B_FP8 = Model.of("llama-3.1-405b-fp8");
  /** All linear layers FP8. */
  public static readonly LLAMA_3_1_405B_FP8_DYNAMIC = Model.of("llama-3.1-405b-fp8-dynamic");
  /** Llama 3.1 70B, bf16: `meta-llama/Llama-3.1-70B-Instruct`. */
  public static readonly LLAMA_3_1_70B = Model.of("llama-3.1-70b");
  /** Llama 3.1 70B, all linear layers FP8: `RedHatAI/Meta-Llama-3.1-70B-Instruct-FP8-dynamic`. */
  public static readonly LLAMA_3_1_70B_FP8_DYNAMIC = Model.of("llama-3.1-70b-fp8-dynamic");
  /** FP8, as published. */
  public static readonly DEEPSEEK_V3 = Model.of("deepseek-v3");
  /** DeepSeek-V3, bf16: `unsloth/DeepSeek-V3-bf16`. */
  public static readonly DEEPSEEK_V3_BF16 = Model.of("deepseek-v3-bf16");
  /** 8-bit integers, for Ascend. */
  public static readonly DEEPSEEK_V3_W8A8 = Model.of("deepseek-v3-w8a8");
  /** FP8, as published. */
  public static readonly DEEPSEEK_R1 = Model.of("deepseek-r1");
  /** DeepSeek-R1, bf16: `unsloth/DeepSeek-R1-BF16`. */
  public static readonly DEEPSEEK_R1_BF16 = Model.of("deepseek-r1-bf16");
  /** 8-bit integers, for Ascend. */
  public static readonly DEEPSEEK_R1_W8A8 = Model.of("deepseek-r1-w8a8");
  /** Qwen3-235B-A22B, bf16: `Qwen/Qwen3-235B-A22B`. */
  public static readonly QWEN3_235B_A22B = Model.of("qwen3-235b-a22b");
  /** Qwen3-235B-A22B, FP8: `Qwen/Qwen3-235B-A22B-FP8`. */
  public static readonly QWEN3_235B_A22B_FP8 = Model.of("qwen3-235b-a22b-fp8");
  /** Qwen2.5-72B, bf16: `Qwen/Qwen2.5-72B-Instruct`. */
  public static readonly QWEN2_5_72B = Model.of("qwen2.5-72b");
  /** Qwen2.5-7B, bf16: `Qwen/Qwen2.5-7B-Instruct`. */
  public static readonly QWEN2_5_7B = Model.of("qwen2.5-7b");
  /** FP8, as published. */
  public static readonly KIMI_K2 = Model.of("kimi-k2");
  /** GLM-4.5, bf16: `zai-org/GLM-4.5`. */
  public static readonly GLM_4_5 = Model.of("glm-4.5");
  /** GLM-4.5, FP8: `zai-org/GLM-4.5-FP8`. */
  public static readonly GLM_4_5_FP8 = Model.of("glm-4.5-fp8");
  /** GLM-4.6, bf16: `zai-org/GLM-4.6`. */
  public static readonly GLM_4_6 = Model.of("glm-4.6");
  /** GLM-4.6, FP8: `zai-org/GLM-4.6-FP8`. */
  public static readonly GLM_4_6_FP8 = Model.of("glm-4.6-fp8");
  /** GLM-4.5-Air, bf16: `zai-org/GLM-4.5-Air`. */
  public static readonly GLM_4_5_AIR = Model.of("glm-4.5-air");
  /** GLM-4.5-Air, FP8: `zai-org/GLM-4.5-Air-FP8`. */
  public static readonly GLM_4_5_AIR_FP8 = Model.of("glm-4.5-air-fp8");

  /**
   * A model by its key in the catalogue.
   *
   * @param id key, e.g. `deepseek-r1-w8a8`. An unknown one is reported by the plan (RC116), with the nearest known key.
   */
  public static of(id: string): Model {
    const facts = findModel(id);
    if (!facts) {
      const structure = () => structureOfNumbers(UNKNOWN);
      return new Model({ name: id, structure, dtype: "bfloat16", quantization: null, basis: "numbers", id });
    }
    const { architecture, ...rest } = facts;
    return new Model({
      ...rest,
      name: id,
      structure: () => structureOf(architecture.config),
      config: architecture.config,
      basis: "catalogue",
    });
  }

  /**
   * A model by its Hugging Face `config.json`, with its `quantization_config`. It is read by its keys: one of a
   * family that the catalogue does not hold is judged with a warning that says what was assumed (RC117), and one
   * that its keys do not describe is not judged (RC118).
   *
   * @param path of the file, read now
   * @throws Error where the file is no configuration of a model, or has a broken value; the message begins with
   *         the path
   */
  public static fromConfig(path: string, options: ModelConfigOptions = {}): Model {
    return new Model(atPath(path, () => partsOfConfig(readConfig(path), options)));
  }

  /**
   * A model by its folder: `config.json`, and beside it what tells the weights exactly. Of the weight files only
   * the headers are read. Also read are `model.safetensors.index.json`, `hf_quant_config.json` (Model Optimizer),
   * `quant_model_description.json` (Ascend) and the chat template.
   *
   * @param path of the folder, on the machine that synthesizes, read now
   * @throws Error as `fromConfig`
   */
  public static fromFolder(path: string, options: ModelConfigOptions = {}): Model {
    return new Model(atPath(path, () => partsOfFolder(path, options)));
  }

  /**
   * Any other model, by its numbers. Its weights count as spread evenly over the layers.
   * @throws Error for a number that is not positive
   */
  public static fromNumbers(numbers: ModelNumbers): Model {
    return new Model(partsOfNumbers(numbers));
  }

  /** Name in reviews and messages. */
  public readonly name: string;
  /** Element type of what is not quantized: `bfloat16`, `float16` or `float32`. */
  public readonly dtype: string;
  /** How the linear layers are quantized; `null`: not, or not known (`fromNumbers`). */
  public readonly quantization: Quantization | null;
  /** Where the bytes of the weights come from; those of files and of the catalogue are exact. */
  public readonly basis: WeightsBasis;
  /** What was taken for granted about a configuration, one phrase each. */
  public readonly assumptions: readonly string[];
  /** Why the model is not judged; `undefined`: it is. */
  public readonly unreadable?: string;
  /** Whether the folder has a chat template; `undefined`: not known. A base model has none. */
  public readonly chatTemplate?: boolean;
  /** What the model answers with. */
  public readonly task: ModelTask;
  /** What it reads besides text. */
  public readonly modalities: readonly Modality[];
  /** Key in the catalogue; `undefined`: not from there. */
  public readonly id?: string;
  /** Repository on its hub, `owner/name`; `undefined`: not known. */
  public readonly hubRepository?: string;

  private knownStructure: ModelStructure | undefined;
  private knownWeights: ModelWeights | undefined;

  private constructor(private readonly parts: ModelParts) {
    this.name = parts.name;
    this.dtype = parts.dtype;
    this.quantization = parts.quantization;
    this.basis = parts.basis;
    this.assumptions = parts.assumptions ?? [];
    this.unreadable = parts.unreadable;
    this.chatTemplate = parts.chatTemplate;
    this.id = parts.id;
    this.hubRepository = parts.hubRepository;
    this.task = parts.config ? taskOf(parts.config) : "generate";
    this.modalities = parts.config ? modalitiesOf(new HubKeys(parts.config)) : [];
    this.knownWeights = parts.weights;
  }

  /** @internal the layers, for the rules of the cut */
  public get _structure(): ModelStructure {
    // Read when first asked for: the statics of the whole catalogue would cost every program its start.
    return (this.knownStructure ??= this.parts.structure());
  }

  /** Layers, heads, widths. */
  public get shape(): ModelShape {
    return this._structure.shape;
  }

  /** Parameters, without next-token prediction modules. */
  public get parameters(): number {
    return this.parts.parameters ?? parametersOf(this._structure);
  }

  /** Bytes of all weight files: what is downloaded and stored; 0: not known. */
  public get weightBytes(): number {
    if (this.unreadable !== undefined) {
      return this.parts.weightBytes ?? 0;
    }
    return this.parts.weightBytes ?? fileBytes(this.weights, this.shape.tiedEmbeddings);
  }

  /** Bytes in memory, by layer and by how tensor parallelism spreads them. */
  public get weights(): ModelWeights {
    return (this.knownWeights ??= weightsOf(this._structure, this.elementBytes, this.quantization));
  }

  /** The fewest bytes that the weights can have; the same as `weights` where these are certain. */
  public get leastWeights(): ModelWeights {
    return this.parts.leastWeights ?? this.weights;
  }

  /** Bytes of one element of the cache, where the engine is not told otherwise. */
  public get elementBytes(): number {
    return elementBytesOf(this.dtype);
  }

  /** Bytes of one element of the cache, where the checkpoint says it: 1 for an 8-bit cache. */
  public get cacheElementBytes(): number | undefined {
    return this.quantization?.cacheElementBytes;
  }

  /** How long a sequence it can read, and how its positions are stretched. */
  public get positions(): ModelPositions {
    return positionsOf(this.parts.config ?? {}, this.shape.maximumContextTokens);
  }

  /**
   * Bytes that one more token of a long sequence takes in the cache of the whole model, each key/value head counted
   * once: `2 x layers x KV heads x head dim x bytes`, with latent attention `layers x (rank + rotary dim) x bytes`
   * (vLLM's own formula, `vllm/v1/kv_cache_interface.py`). Windows are full then, and states have a fixed size.
   */
  public get kvBytesPerToken(): number {
    const bytes = this.cacheElementBytes ?? this.elementBytes;
    return this.shape.layerCaches.reduce((total, cache) => total + growthBytes(cache, bytes), 0);
  }

  /**
   * The same model as an engine quantizes it while it loads (`--quantization`). A checkpoint that is quantized
   * already, and a method that engines only read, leave it as it is.
   */
  public quantizedAs(method: string): Model {
    const quantization = onlineQuantization(method);
    if (
      quantization === undefined ||
      this.quantization !== null ||
      this.basis === "numbers" ||
      this.unreadable
    ) {
      return this;
    }
    const weights = weightsOf(this._structure, this.elementBytes, quantization);
    return new Model({ ...this.parts, quantization, weights, leastWeights: weights });
  }

  /**
   * The same model as an engine loads what is not quantized.
   *
   * @param dtype as engines write it; `auto`: of 16 bits. Another one leaves the model as it is
   */
  public loadedAs(dtype: string): Model {
    const bytes = loadedElementBytes(dtype, this.dtype);
    if (
      bytes === undefined ||
      bytes === this.elementBytes ||
      this.basis === "numbers" ||
      this.unreadable !== undefined
    ) {
      return this;
    }
    const computed = (elementBytes: number) => weightsOf(this._structure, elementBytes, this.quantization);
    // Of a quantized one only what is not quantized changes.
    const loaded = (weights: ModelWeights) =>
      this.quantization === null
        ? scaledWeights(weights, bytes / this.elementBytes)
        : changedWeights(weights, computed(this.elementBytes), computed(bytes));
    return new Model({
      ...this.parts,
      dtype: bytes === 4 ? "float32" : "bfloat16",
      parameters: this.parameters,
      weightBytes: this.weightBytes,
      weights: loaded(this.weights),
      leastWeights: loaded(this.leastWeights),
    });
  }

  /** @internal with other keys in its configuration (`--hf-overrides`) @throws Error for a value that is none */
  public _overridden(overrides: HubObject): Model {
    const { config } = this.parts;
    if (config === undefined) {
      return this;
    }
    const changed = merged(config, overrides);
    const structure = structureOf(changed);
    const isComputed = this.basis === "configuration" && this.parts.weightBytes === undefined;
    const weights = isComputed ? { weights: undefined, leastWeights: undefined } : {};
    return new Model({ ...this.parts, ...weights, config: changed, structure: () => structure });
  }
}
