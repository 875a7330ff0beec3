import type { BootMount, BootStage } from "../../bootstrap/boot-spec";
import type { ReadSpeed } from "../../review/place-facts";
import type { IStorage } from "../../topology/declaration/storage";
import type { Permission } from "../policy";

/** Storage on AWS, as machines and boot see it. */
export interface IAwsStorage extends IStorage {
  /** Whether the machines reach it over EFA. */
  readonly isReachedByEfa: boolean;
  /** Its zone; machines of another zone cannot mount it. @default - it is in every zone of the region */
  readonly availabilityZone?: string;
  /** Its size. @default - it grows, or is not known */
  readonly capacityGB?: number;
  /** Whether Terraform refuses to destroy it. @default false */
  readonly isRetained?: boolean;
  /** How fast machines read it at most. @default - no number has a source */
  readonly readSpeed?: ReadSpeed;
  /** How a machine mounts it. @default - it is a folder of the machine's own disk */
  readonly mount?: BootMount;
  /** How its files get to a machine's own disk. @default - they are there, or on the mount */
  readonly stage?: BootStage;
  /** Disk of the machine that must be mounted before anything else. @default - none */
  readonly diskFolder?: string;
  /** Permissions that a machine needs for it. @default - none */
  readonly permissions?: readonly Permission[];
}

/** Whether the machines mount or fill it; other storage is a folder of theirs. */
export function isAwsStorage(storage: IStorage): storage is IAwsStorage {
  return "isReachedByEfa" in storage;
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

export function storagePaths(id: string, props: StoragePaths, folder = "/mnt"): Required<StoragePaths> {
  return { hostPath: props.hostPath ?? `${folder}/${id}`, mountPath: props.mountPath ?? "/models" };
}
