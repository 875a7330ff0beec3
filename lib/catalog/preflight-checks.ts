import type { FactRow } from "./facts";
import rows from "./preflight-checks.json";

/** One check of the NPUs and their network, as the node program makes it before an engine starts. */
export interface PreflightCheckFacts extends FactRow {
  readonly name: string;
  readonly purpose: string;
  /** What a person types to see the same. */
  readonly command: string;
  /** Whether a plan may take its failures for warnings: the cluster can work without. */
  readonly tolerable: boolean;
}

/** All checks, in the order in which they are reported. */
export function preflightChecks(): readonly PreflightCheckFacts[] {
  return rows;
}
