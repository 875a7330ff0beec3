import type { Life } from "../runtime/lives/lives";

/** What a person must know of a place that no plan of a cluster has. Every field that is left out is shown as unknown. */
export interface PlaceFacts {
  /** What costs by the hour. @default - nothing that the deployment makes is paid by the hour */
  readonly prices?: readonly PricedPart[];
  /** Agreed limit in USD per hour; `late`: it comes with the plan; `none`: nobody has agreed. @default - no limit is asked for */
  readonly limitUsdPerHour?: number | "late" | "none";
  /** Who holds what can be reached. */
  readonly reach: PlaceReach;
  /** Roles that are made, with what they may do. @default - none */
  readonly permissions?: readonly GrantedActions[];
  /** What goes with `destroy`, and what stays. */
  readonly destroy: Destroyed;
  /** What a deployment waits at most from its beginning, in seconds. @default - it waits for nothing */
  readonly givesUpAfterSeconds?: number;
  /** Whether the machines end by themselves when it gives up and the cluster has never served. @default false */
  readonly endsAfterFailure?: boolean;
  /** Longest way of a machine to its container, in seconds. @default - it runs already */
  readonly bootSeconds?: number;
  /** How fast the machines read their folders. @default - no number has a source */
  readonly readSpeeds?: readonly ReadSpeed[];
  /** Who brings back what has died. */
  readonly recovery: Recovery;
}

/** How fast the machines read a folder at most. Only numbers that have a source. */
export interface ReadSpeed {
  /** Folder in the containers. */
  readonly mountPath: string;
  /** What they read, e.g. `FSx for Lustre 9.6 TiB persistent-1000`. */
  readonly what: string;
  /** All that the bytes pass on their way; the slowest counts. */
  readonly limits: readonly SpeedLimit[];
}

/** One thing that all bytes pass. */
export interface SpeedLimit {
  /** What it is, e.g. `file system`. */
  readonly what: string;
  /** Most that passes it, in bytes per second. */
  readonly bytesPerSecond: number;
  /** Whether all machines share it; else each has one. */
  readonly isShared: boolean;
}

/** A part that is paid by the hour. */
export interface PricedPart {
  /** What it is, e.g. `p5.48xlarge`. */
  readonly what: string;
  /** How many there are. */
  readonly count: number;
  /** Of one. @default - not known; it counts as not agreed */
  readonly usdPerHour?: number;
  /** Where the price is from: region, list, day; or why it is not known. */
  readonly source: string;
}

/** A part whose price the catalogue does not have. */
export function unpriced(what: string, count: number): PricedPart {
  return { what, count, source: "no price in the catalogue" };
}

/** Who reaches what, and by what it is held. */
export interface PlaceReach {
  /** Networks or machines that may call the API; empty: none. */
  readonly clients: readonly string[];
  /** By what the API is held; `undefined`: by nothing. */
  readonly apiHeldBy?: string;
  /** By what the cluster's own ports are held; `undefined`: by nothing. */
  readonly clusterHeldBy?: string;
  /** Where the machines may go to, e.g. `the whole internet over HTTP and HTTPS`. */
  readonly wayOut: string;
}

/** What a role may do. */
export interface GrantedActions {
  /** Actions, as the place names them. */
  readonly actions: readonly string[];
  /** What they may be taken on. */
  readonly resources: readonly string[];
}

/** What `destroy` does, a phrase for each thing. */
export interface Destroyed {
  /** Goes with `destroy`. */
  readonly lost: readonly string[];
  /** Stays. */
  readonly kept: readonly string[];
}

/** What happens when something dies, and who acts: one sentence each. */
export interface Recovery {
  /** A worker's machine. */
  readonly worker: string;
  /** The head's machine. */
  readonly head: string;
  /** Zone, building or machine that holds everything. */
  readonly site: string;
  /** What holds the model. */
  readonly storage: string;
}

/** A change takes the lives from its own down to that of the workload. */
export const LIVES: readonly Life[] = ["machine", "node", "workload"];
