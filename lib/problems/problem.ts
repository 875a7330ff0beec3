/** One thing that is wrong with a declaration, in the user's terms. */
export interface Problem {
  /** Stable rule id, e.g. `RC014`. */
  readonly rule: string;
  /** An error ends the synth, a warning is shown in the review. */
  readonly level: "error" | "warning";
  /** Path of the construct in the app, e.g. `my-stack/llama-405b`; `undefined` until it is reported by a construct. */
  readonly construct?: string;
  /** Path of the property, e.g. `pools[0].nodes`. */
  readonly path: string;
  /** What was given, as text. */
  readonly got: string;
  /** An error's requirement, as it reads after "must"; `undefined` for a warning. */
  readonly must?: string;
  /** A warning's consequence, as it reads after what was given; `undefined` for an error. */
  readonly consequence?: string;
  /** The change to make: one or more sentences without the last full stop. */
  readonly fix: string;
  /**
   * Why a warning is accepted, in the words of the declaration.
   *
   * @default - it is not
   */
  readonly acknowledged?: string;
  /**
   * Where to read more.
   *
   * @default - nowhere
   */
  readonly links?: readonly string[];
  /**
   * What can be declared instead, below the sentence.
   *
   * @default - nothing but the fix
   */
  readonly choices?: ProblemChoices;
}

/** A table of what can be declared instead, the nearest first. */
export interface ProblemChoices {
  /** Titles of the columns. */
  readonly head: readonly string[];
  /** As many cells as `head` has. */
  readonly rows: readonly (readonly string[])[];
}
