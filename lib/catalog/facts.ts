/** Where a fact comes from. Every row of the catalogue carries this. */
export interface FactRow {
  readonly source: string;
  /** Day on which the row was last compared with its source, `YYYY-MM-DD`. */
  readonly checked: string;
}

/** Library that carries collectives between accelerators; `hccl` is Huawei's, `habana` Intel's of the same name. */
export type Collective = "nccl" | "hccl" | "nccom" | "rccl" | "habana";

export interface UlimitFact {
  readonly name: string;
  /** -1: unlimited. */
  readonly soft: number;
  readonly hard: number;
}

export interface MountFact {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}
