/** One thing that is wrong with a declaration, in the user's terms. */
export interface Problem {
  /** Stable rule id, e.g. `RC014`. */
  readonly rule: string;
  readonly level: "error" | "warning";
  /** Path of the property, e.g. `pools[0].nodes`. */
  readonly path: string;
  /** What was given, as text. */
  readonly got: string;
  /** What is allowed. */
  readonly allowed: string;
  /** The change to make. */
  readonly fix: string;
  /**
   * Where to read more.
   *
   * @default - nowhere
   */
  readonly links?: readonly string[];
}
