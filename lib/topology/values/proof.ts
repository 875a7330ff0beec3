/** What an engine is asked, and so what its answer is judged by. */
export type ProofKind =
  "chat" | "completion" | "embedding" | "rerank" | "pooling" | "transcription" | "custom";

/** What the answer to a proof must hold. */
export interface ProofOptions {
  /**
   * Text that the answer must contain.
   *
   * @default - any answer of the kind is accepted
   */
  readonly expect?: string;
}

/** A question of your own. */
export interface CustomProofProps extends ProofOptions {
  /** Path of the API, e.g. `/v1/score`. */
  readonly path: string;
  /** JSON body of the POST. No secret: it is part of the plan. */
  readonly body: { readonly [key: string]: unknown };
}

/**
 * The question whose answer proves that an engine serves. The deployment asks it once the engine is up, and returns
 * only when it is answered. An engine that answers and refuses the question is not restarted: it would say the same.
 *
 * @example
 * new VllmServe({ proof: Proof.chat({ expect: "Paris" }) });
 */
export class Proof {
  /** `POST /v1/chat/completions` is answered with text, with reasoning, or with tokens that are counted. */
  public static chat(options: ProofOptions = {}): Proof {
    return new Proof("chat", options.expect);
  }

  /** `POST /v1/completions` likewise: for models without a chat template. */
  public static completion(options: ProofOptions = {}): Proof {
    return new Proof("completion", options.expect);
  }

  /** `POST /v1/embeddings` is answered with a vector of finite numbers. */
  public static embedding(): Proof {
    return new Proof("embedding");
  }

  /** `POST /v1/rerank` is answered with a score for each of two documents. */
  public static rerank(): Proof {
    return new Proof("rerank");
  }

  /** `POST /pooling` is answered with finite numbers: models of vectors or scores, as reward models (vLLM). */
  public static pooling(): Proof {
    return new Proof("pooling");
  }

  /** `POST /v1/audio/transcriptions` takes a second of sound, and answers with a text, which may be empty. */
  public static transcription(): Proof {
    return new Proof("transcription");
  }

  /** `POST <path>` with a body of your own is answered with HTTP 200, and with `expect` where it is given. */
  public static custom(props: CustomProofProps): Proof {
    return new Proof("custom", props.expect, props.path, { ...props.body });
  }

  private constructor(
    /** What is asked, and so what the answer must be. */
    public readonly kind: ProofKind,
    /** Text that the answer must contain. @default - any answer of the kind is accepted */
    public readonly expect?: string,
    /** Path of a custom proof. @default - that of the kind */
    public readonly path?: string,
    /** Body of a custom proof. @default - that of the kind */
    public readonly body?: { readonly [key: string]: unknown },
  ) {}
}
