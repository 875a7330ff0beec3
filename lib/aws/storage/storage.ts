import type { BootMount, BootStage } from "../../bootstrap/boot-spec";
import type { IStorage } from "../../topology/declaration/storage";
import type { Permission } from "../policy";

/** Storage on AWS, as machines and boot see it. */
export interface IAwsStorage extends IStorage {
  /** Whether the machines reach it over EFA. */
  readonly isReachedByEfa: boolean;
  /** Zone in which it lies; a machine elsewhere cannot mount it. @default - it is in every zone of the region */
  readonly availabilityZone?: string;
  /** How a machine mounts it. @default - it is a folder of the machine's own disk */
  readonly mount?: BootMount;
  /** How its files come to a machine's own disk. @default - they are there, or come by the mount */
  readonly stage?: BootStage;
  /** Disk of the machine that must be mounted before anything else. @default - none */
  readonly diskFolder?: string;
  /** What a machine must be allowed for it. @default - nothing */
  readonly permissions?: readonly Permission[];
}

/** Where a file system is on the machines and in the containers. */
export interface StoragePaths {
  /**
   * Absolute path on the machines.
   *
   * @default '/mnt/' and the construct's id
   */
  readonly hostPath?: string;
  /**
   * Absolute path in the containers.
   *
   * @default '/models'
   */
  readonly mountPath?: string;
}

export function storagePaths(id: string, props: StoragePaths): Required<StoragePaths> {
  return { hostPath: props.hostPath ?? `/mnt/${id}`, mountPath: props.mountPath ?? "/models" };
}
