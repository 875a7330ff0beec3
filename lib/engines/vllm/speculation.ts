import type { ModelSource } from "../../topology/values/model-source";
import type { SettingGroup } from "../nested-settings";

/** Property with the source of the draft model. */
export const DRAFT_PROPERTY = "engine.speculation.model";

/** Speculative decoding with a draft model. */
export interface DraftOptions {
  /**
   * The draft model. It is fetched with the cluster's model, and counted where the source has its numbers
   * (`Model.fromFolder`, `Model.fromConfig`, `Model.fromNumbers`).
   */
  readonly model: ModelSource;
  /** Speculative tokens of each step, at least 1. */
  readonly tokens: number;
  /**
   * Ranks that share the draft model: 1 or those of the model.
   *
   * @default - those of the model
   */
  readonly tensorParallelSize?: number;
}

/** Speculative decoding with the model's own modules for multi-token prediction. */
export interface MtpOptions {
  /** Speculative tokens of each step, at least 1. */
  readonly tokens: number;
}

/** Speculative decoding from n-grams of the prompt. */
export interface NgramOptions {
  /** Speculative tokens of each step, at least 1. */
  readonly tokens: number;
  /**
   * Longest sequence of tokens that is looked up in the prompt.
   *
   * @default - vLLM's own
   */
  readonly longestMatch?: number;
  /**
   * Shortest one.
   *
   * @default - vLLM's own
   */
  readonly shortestMatch?: number;
}

/** Speculative decoding from suffixes of earlier answers (`arctic-inference` must be in the image). */
export interface SuffixOptions {
  /**
   * Most speculative tokens of each step, at least 1.
   *
   * @default - vLLM's own
   */
  readonly tokens?: number;
}

/** Any other method of speculative decoding. */
export interface SpeculationOptions {
  /** @default - vLLM's own, by method */
  readonly tokens?: number;
  /** @default - the method has no model of its own */
  readonly model?: ModelSource;
  /**
   * Further keys of `--speculative-config`.
   *
   * @default - none
   */
  readonly settings?: { readonly [key: string]: unknown };
}

/**
 * Speculative decoding of vLLM: tokens are proposed cheaply, and one step of the model verifies several (`--speculative-config`).
 *
 * @example
 * new VllmServe({ speculation: Speculation.ngram({ tokens: 4, longestMatch: 3 }) });
 */
export class Speculation {
  /** By an EAGLE head, trained for the model. */
  public static eagle(options: DraftOptions): Speculation {
    return Speculation.drafted("eagle", options);
  }

  /** By an EAGLE-3 head, trained for the model. */
  public static eagle3(options: DraftOptions): Speculation {
    return Speculation.drafted("eagle3", options);
  }

  /** By a small model with the same vocabulary. */
  public static draftModel(options: DraftOptions): Speculation {
    return Speculation.drafted("draft_model", options);
  }

  /** By the model's own modules for next tokens (MTP), e.g. of DeepSeek and GLM. */
  public static mtp({ tokens }: MtpOptions): Speculation {
    return new Speculation("mtp", { num_speculative_tokens: tokens });
  }

  /** By what the prompt has said before; no model is loaded. */
  public static ngram({ tokens, longestMatch, shortestMatch }: NgramOptions): Speculation {
    return new Speculation("ngram", {
      num_speculative_tokens: tokens,
      prompt_lookup_max: longestMatch,
      prompt_lookup_min: shortestMatch,
    });
  }

  /** By what earlier answers have said; no model is loaded. */
  public static suffix({ tokens }: SuffixOptions = {}): Speculation {
    return new Speculation("suffix", { num_speculative_tokens: tokens });
  }

  /**
   * By any other method of vLLM.
   *
   * @param method as `--speculative-config` names it, e.g. `medusa`
   */
  public static of(method: string, { tokens, model, settings }: SpeculationOptions = {}): Speculation {
    return new Speculation(method, { num_speculative_tokens: tokens, ...settings }, model);
  }

  private static drafted(method: string, { model, tokens, tensorParallelSize }: DraftOptions): Speculation {
    const sizes = { num_speculative_tokens: tokens, draft_tensor_parallel_size: tensorParallelSize };
    return new Speculation(method, sizes, model);
  }

  private constructor(
    /** As vLLM names it, e.g. `eagle3`. */
    public readonly method: string,
    private readonly settings: SettingGroup,
    /** The draft model; `undefined`: the method has none of its own. */
    public readonly model?: ModelSource,
  ) {}

  /**
   * The value of `--speculative-config`.
   *
   * @internal
   * @param modelPath folder of the draft model in the containers
   */
  public _config(modelPath?: string): SettingGroup {
    const all = { method: this.method, model: modelPath, ...this.settings };
    return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  }
}
