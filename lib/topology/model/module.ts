/** How tensor parallelism spreads a module over its ranks. */
export type Spread =
  /** One part for each rank. */
  | "sharded"
  /** Cut by key/value heads: copied where there are more ranks than heads. */
  | "kv-heads"
  /** Whole on every rank. */
  | "replicated"
  /** Dense feed-forward layers: as "sharded", in some engines over data parallel ranks as well. */
  | "feed-forward"
  /** Shared experts: as feed-forward layers, in some engines whole on every rank. */
  | "shared-experts"
  /** Routed experts: cut over tensor times data parallel ranks. */
  | "experts";

/** A weight of a layer. */
export interface Module {
  /** Name as in the safetensors files, without `.weight`; of all routed experts the first stands for the rest. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Number of identical ones. */
  readonly count: number;
  readonly spread: Spread;
  /** What tensor parallelism cuts. */
  readonly cut: "rows" | "columns" | "nothing";
  /** Whether a quantizer changes it. */
  readonly linear: boolean;
}

/** A matrix that a quantizer changes; cut by its rows where nothing else is said. */
export function matrix(name: string, rows: number, columns: number, cut: Module["cut"] = "rows"): Module {
  const spread = cut === "nothing" ? "replicated" : "sharded";
  return { name, rows, columns, count: 1, spread, cut, linear: true };
}

/** A matrix that is cut by key/value heads. */
export function kvMatrix(name: string, rows: number, columns: number): Module {
  return { ...matrix(name, rows, columns), spread: "kv-heads" };
}

/** A small matrix that no quantizer touches, whole on every rank. */
export function plain(name: string, rows: number, columns: number): Module {
  return { ...matrix(name, rows, columns, "nothing"), linear: false };
}

/** Norms, biases and the like. */
export function vector(name: string, length: number): Module {
  return { ...plain(name, length, 1) };
}

/** A vector, or nothing where it has no elements. */
export function vectors(name: string, length: number): readonly Module[] {
  return length > 0 ? [vector(name, length)] : [];
}
