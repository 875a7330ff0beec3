import type { FactRow } from "./facts";
import rows from "./preflight-checks.json";
import { table } from "./table";

/** A check of the accelerators and their network that the node program makes before a model is fetched. */
export interface PreflightCheckFacts extends FactRow {
  readonly name: string;
  /** What it looks at. */
  readonly hardware: "npu" | "gpu" | "rdma" | "host";
  readonly purpose: string;
  /** Command that shows the same. */
  readonly command: string;
  /** Whether a plan may treat its failures as warnings, because the cluster can work without. */
  readonly tolerable: boolean;
}

/** All checks, in the order in which they are reported. */
export const { all: preflightChecks } = table<PreflightCheckFacts>("preflight check", rows, "name");
