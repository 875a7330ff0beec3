import type { FactRow } from "./facts";
import rows from "./speculative-methods.json";
import { table } from "./table";

/** A method of speculative decoding. */
export interface SpeculativeMethod extends FactRow {
  /** As the engine writes it. */
  readonly id: string;
  readonly engine: string;
  /** Where its weights are: in the model's own files, in another model, or nowhere. */
  readonly weights: "model" | "other" | "none";
  /** First version that runs it; `null`: all that were read do. */
  readonly first: string | null;
  /** Whether it runs with one pipeline stage only. */
  readonly oneStage: boolean;
  /** Types of models whose stages do not hand over what it reads of the layers. */
  readonly unstaged: readonly string[];
  /** Types of models with which it ran with stages before every draft did. */
  readonly stagedEarlier: readonly string[];
  /** Whether it may take embedding and head from the model. */
  readonly sharesTables: boolean;
}

export const { find: findSpeculativeMethod } = table<SpeculativeMethod>("speculative method", rows);
