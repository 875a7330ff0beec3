/** Where a fact comes from. Every row of the catalogue carries this. */
export interface FactRow {
  readonly source: string;
  /** Day on which the row was last compared with its source, `YYYY-MM-DD`. */
  readonly checked: string;
}

/** Library that carries collectives between accelerators; `hccl` is Huawei's, `habana` Intel's of the same name. */
export type Collective = "nccl" | "hccl" | "nccom" | "rccl" | "habana";

/** A resource limit of a container (`ulimit`). */
export interface UlimitFact {
  /** Name as Docker takes it, e.g. `memlock`. */
  readonly name: string;
  /** -1: unlimited. */
  readonly soft: number;
  /** -1: unlimited. */
  readonly hard: number;
}

/** A folder or file of the host that a container sees. */
export interface MountFact {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  /** Whether the container can only read it. */
  readonly readOnly: boolean;
}
