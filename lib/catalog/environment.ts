import rows from "./environment.json";
import type { Collective, FactRow } from "./facts";
import { table } from "./table";

/** `cluster`: the same on every node; `node`: each node has its own; `driver`: only the engine process. */
export type VariableScope = "cluster" | "node" | "driver";

/**
 * What a node finds of itself: its address on the cluster network, the interface with it, or `=<interface>`, for
 * software that reads a bare name as a prefix (NCCL); the numbers of its planned accelerators; the RDMA adapters
 * whose ports are active, and the RoCE v2 GID that they share.
 */
export type FoundValue =
  "address" | "interface" | "exact-interface" | "visible-devices" | "rdma-devices" | "rdma-gid-index";

/** What a value must look like. `number` may have a fraction; `flag`: `0` or `1`; `port-ranges`: `auto` or `a-b[,c-d]`. */
export type VariableType = "integer" | "number" | "flag" | "choice" | "text" | "path" | "port-ranges";

/** What the catalogue knows of an environment variable. */
export interface VariableFacts extends FactRow {
  readonly name: string;
  readonly purpose: string;
  readonly scope: VariableScope;
  readonly type: VariableType;
  /** Unit of an integer, e.g. `MB`. */
  readonly unit: string | null;
  readonly minimum: number | null;
  /** `null`: the software has no documented maximum. */
  readonly maximum: number | null;
  readonly allowed: readonly string[] | null;
  /** What the software does where the variable is unset, as text. */
  readonly default: string | null;
  /** What this library sets; `null`: nothing. */
  readonly value: { readonly found: FoundValue } | { readonly constant: string } | null;
  /** Where the variable has an effect; an absent list means everywhere. */
  readonly appliesTo: {
    readonly collectives?: readonly Collective[];
    readonly engines?: readonly string[];
    readonly fabrics?: readonly string[];
  };
  /** Whether a user may set one value for all nodes in place of what each finds. @default false */
  readonly overridable?: boolean;
  /** Who alone may set it; `null`: the user may. */
  readonly owner: string | null;
  /** The moment after which a change has no effect. */
  readonly setBefore: "container start" | "ray start" | "engine start";
}

export const { all: allVariables, find: findVariable } = table<VariableFacts>("variable", rows, "name");

/** Whether a variable has an effect with this collective library, this engine and this fabric. */
export function variableApplies(
  variable: VariableFacts,
  collective: Collective | undefined,
  engine: string,
  fabric?: string,
): boolean {
  const { collectives, engines, fabrics } = variable.appliesTo;
  if (fabrics && fabric !== undefined && !fabrics.includes(fabric)) {
    return false;
  }
  const withCollective = !collectives || (collective !== undefined && collectives.includes(collective));
  return withCollective && (!engines || engines.includes(engine));
}
