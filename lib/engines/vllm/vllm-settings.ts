import { engineBatchFor, engineMilestone } from "../../catalog/engines";
import { everyFlagOfEngine, flagsOfEngine } from "../../catalog/engine-flags";
import type { EngineSizing, SpeculativeDecoding } from "../../topology/engine-sizing";
import type { Model } from "../../topology/model/model";
import type { Parallelism } from "../../topology/model/parallelism";
import { findSpeculativeMethod } from "../../catalog/speculative-methods";
import { fullName, givenFlags, type GivenFlag } from "../given-flags";
import { isBefore } from "../releases/engine-version";
import type { SettingGroup } from "../nested-settings";
import { DRAFT_PROPERTY } from "./speculation";
import type { VllmServeProps } from "./vllm-props";

/** Short names of the flags whose meaning is read. */
const SHORT: { readonly [name: string]: string | undefined } = {
  "-dcp": "--decode-context-parallel-size",
  "-pcp": "--prefill-context-parallel-size",
  "-q": "--quantization",
  "-sc": "--speculative-config",
};

/** What numbers may end in (vLLM `human_readable_int`). */
const MULTIPLIERS: { readonly [suffix: string]: number | undefined } = {
  k: 1e3,
  m: 1e6,
  g: 1e9,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
};

/** `--max-model-len`: the longest that fits (vLLM `human_readable_int_or_auto`). */
export const AUTO = -1;

/** Python's `ssl.CERT_REQUIRED`. */
const CERTIFICATE_REQUIRED = "2";

/** What properties and further arguments of vLLM mean, whichever of the two they were given as. */
export class VllmSettings {
  private readonly flags: readonly (GivenFlag & { readonly full: string })[];

  constructor(
    private readonly props: VllmServeProps,
    /** Version of vLLM; `undefined`: not known. */
    public readonly version: string | undefined,
    /** Folder of the draft model, where a property names its source. */
    private readonly draftFolder?: string,
  ) {
    const known = flagsOfEngine("vllm", version) ?? everyFlagOfEngine("vllm");
    this.flags = givenFlags(props.extraArguments ?? []).map((flag) => ({
      ...flag,
      full: SHORT[flag.name] ?? fullName(flag.name, known),
    }));
  }

  public get decodeContext(): number {
    return this.props.decodeContextParallelSize ?? this.number("--decode-context-parallel-size") ?? 1;
  }

  public get prefillContext(): number {
    return this.props.prefillContextParallelSize ?? this.number("--prefill-context-parallel-size") ?? 1;
  }

  /** Whether each rank holds shared experts whole, because the tokens of a tensor group are spread over its ranks. */
  public keepsSharedExperts({ tensor, data, expertParallel }: Parallelism, model?: Model): boolean {
    const { modelTypes = [], settings = [] } = engineMilestone("vllm-whole-shared-experts");
    return (
      expertParallel &&
      tensor > 1 &&
      data > 1 &&
      !isBefore("vllm-whole-shared-experts", this.version) &&
      modelTypes.includes(model?.shape.modelType ?? "") &&
      settings.includes(this.text("--all2all-backend") ?? settings[0])
    );
  }

  /** Whether several servers take requests, one on each node. */
  public get isHybrid(): boolean {
    return this.isOn("--data-parallel-hybrid-lb");
  }

  /** `generate` or `pooling`. */
  public get runner(): string | undefined {
    return this.props.runner ?? this.text("--runner");
  }

  /** What a model is made into, e.g. `embed`. */
  public get convert(): string | undefined {
    return this.text("--convert");
  }

  /** What vLLM before 0.11 calls runner and conversion together. */
  public get task(): string | undefined {
    return this.text("--task");
  }

  /** The flag after which clients must show a certificate of their own. */
  public get clientCertificates(): GivenFlag | undefined {
    const flag = this.find("--ssl-cert-reqs");
    return flag?.value === CERTIFICATE_REQUIRED ? flag : undefined;
  }

  public get hasChatTemplate(): boolean {
    return this.find("--chat-template") !== undefined;
  }

  public get speculative(): SpeculativeDecoding | undefined {
    const { speculation } = this.props;
    const flag = this.flags.find(({ full }) => full === "--speculative-config");
    const given = speculation?._config(this.draftFolder) ?? this.object("--speculative-config");
    if (given === undefined) {
      return undefined;
    }
    const { model, draft_tensor_parallel_size: tensor } = given;
    const written = String(given.method ?? (model === undefined ? "" : "draft_model"));
    const method = written.endsWith("mtp") ? "mtp" : written;
    const weights = findSpeculativeMethod(method)?.weights ?? "other";
    const source = speculation?.model;
    return {
      path: flag === undefined ? "engine.speculation" : `engine.extraArguments[${flag.index}]`,
      method,
      tokens: Number(given.num_speculative_tokens ?? 1),
      weights: weights === "model" && model !== undefined ? "other" : weights,
      ...(typeof model === "string" ? { model } : {}),
      ...(source === undefined ? {} : { property: DRAFT_PROPERTY }),
      ...(source?.model === undefined ? {} : { numbers: source.model }),
      ...(tensor === undefined ? {} : { tensor: Number(tensor) }),
    };
  }

  /** The property as a plan of a changed declaration shows it. */
  public get declaredSpeculation(): SettingGroup | undefined {
    return this.props.speculation?._config(this.draftFolder);
  }

  private get contextTokens(): number | undefined {
    const written = this.text("--max-model-len");
    const isAuto = written?.toLowerCase() === "auto" || written === String(AUTO);
    return this.props.maxModelLen ?? (isAuto ? AUTO : this.number("--max-model-len"));
  }

  /** Tokens of one decoding step at most: of each sequence one and its speculative ones, twice as vLLM captures graphs. */
  public stepTokens(memoryGiB: number, accelerator: string): number {
    const sequences =
      this.sizing.batchedSequences ?? engineBatchFor("vllm", memoryGiB, accelerator)?.sequences ?? 256;
    return 2 * sequences * (1 + (this.speculative?.tokens ?? 0));
  }

  /** What must fit into memory, for the rules of models. */
  public get sizing(): EngineSizing {
    const { props } = this;
    const cpuOffloadGiB = this.number("--cpu-offload-gb");
    const cacheBytes = this.number("--kv-cache-memory-bytes") ?? this.number("--kv-cache-memory");
    return {
      contextTokens: this.contextTokens === AUTO ? undefined : this.contextTokens,
      contextFits: this.contextTokens === AUTO,
      concurrentSequences: props.plannedSequences,
      memoryUtilization:
        props.gpuMemoryUtilization ?? (isBefore("vllm-share-092", this.version) ? 0.9 : 0.92),
      contextProperty: "maxModelLen",
      memoryProperty: "gpuMemoryUtilization",
      dtype: props.dtype ?? this.text("--dtype") ?? "auto",
      cacheDtype: props.kvCacheDtype ?? this.text("--kv-cache-dtype"),
      quantization: props.quantization ?? this.text("--quantization"),
      overrides: this.object("--hf-overrides"),
      batchedTokens: props.maxNumBatchedTokens ?? this.number("--max-num-batched-tokens"),
      batchedSequences: props.maxNumSeqs ?? this.number("--max-num-seqs"),
      capturesGraphs: !(props.enforceEager ?? this.isOn("--enforce-eager")),
      cpuOffloadGiB,
      cacheGiB: cacheBytes === undefined ? undefined : cacheBytes / 2 ** 30,
      speculative: this.speculative,
      textOnly: this.isOn("--language-model-only") || this.allowsNoImages,
      longerContextVariable: "VLLM_ALLOW_LONG_MAX_MODEL_LEN",
    };
  }

  /** `--limit-mm-per-prompt` with 0 for images and videos. */
  private get allowsNoImages(): boolean {
    const limits = { ...this.object("--limit-mm-per-prompt") };
    for (const { full, key, value } of this.flags) {
      if (full === "--limit-mm-per-prompt" && key !== undefined) {
        limits[key] = Number(value);
      }
    }
    return limits.image === 0 && limits.video === 0;
  }

  private find(name: string): GivenFlag | undefined {
    return this.flags.filter(({ full, key }) => full === name && key === undefined).at(-1);
  }

  private text(name: string): string | undefined {
    return this.find(name)?.value;
  }

  private isOn(name: string): boolean {
    const on = this.find(name)?.index ?? -1;
    return on > (this.find(name.replace("--", "--no-"))?.index ?? -1);
  }

  private number(name: string): number | undefined {
    const text = this.text(name);
    const [, digits = "", suffix = ""] = /^([\d.]+)([kKmMgG]?)$/.exec(text ?? "") ?? [];
    return digits === "" ? undefined : Number(digits) * (MULTIPLIERS[suffix] ?? 1);
  }

  /** A JSON value; keys that are given one by one (`--name.key value`) are part of it. */
  private object(name: string): { [key: string]: unknown } | undefined {
    const whole = parsed(this.text(name));
    const parts = this.flags.filter(({ full, key }) => full === name && key !== undefined);
    const joined = Object.fromEntries(parts.map(({ key = "", value }) => [key, scalar(value)]));
    return whole === undefined && parts.length === 0 ? undefined : { ...whole, ...joined };
  }
}

function parsed(text: string | undefined): { [key: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as { [key: string]: unknown })
      : undefined;
  } catch {
    return undefined;
  }
}

function scalar(text: string | undefined): unknown {
  return text !== undefined && text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}
