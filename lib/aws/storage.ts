import type { IStorage } from "../topology/storage";

/** Shared storage on AWS, as machines and boot see it. */
export interface IAwsStorage extends IStorage {
  /** Whether the machines reach it over EFA. */
  readonly isReachedByEfa: boolean;
  /** Zone in which it lies; a machine elsewhere cannot mount it. @default - it is in every zone of the region */
  readonly availabilityZone?: string;
  /** How a machine mounts it. */
  readonly mount: StorageMount;
}

/** One mount, as data: the boot part makes a systemd unit of it. */
export interface StorageMount {
  /** What is mounted; may hold references. */
  readonly source: string;
  /** Absolute path on the machine. */
  readonly hostPath: string;
  /** `lustre`, `nfs4`, `efs`. */
  readonly type: string;
  readonly options: readonly string[];
  /** Systemd units that must run before. */
  readonly after: readonly string[];
}
