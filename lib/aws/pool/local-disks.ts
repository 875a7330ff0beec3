import type { BootDisks } from "../../bootstrap/boot-spec";
import { isWithin } from "../../problems/checks";
import type { PoolMachines } from "./pool-machines";

/** Where the boot mounts them, if the machine image does not. */
const OWN_FOLDER = "/mnt/ray-cluster-disk";

/**
 * By the model name of NVMe instance store volumes; those of EBS have another one
 * (docs.aws.amazon.com/AWSEC2/latest/UserGuide/nvme-ebs-volumes.html, checked 2026-11-30).
 */
const INSTANCE_STORE = "/dev/disk/by-id/nvme-Amazon_EC2_NVMe_Instance_Storage_*";

/** Folder of the instance store. */
export function localDiskFolderOf({ machineImage }: PoolMachines): string {
  return machineImage.localDiskFolder ?? OWN_FOLDER;
}

/**
 * The instance store of a pool's machines, which holds their container images where there is any.
 *
 * @param folders what else of the cluster may be on it
 * @returns `undefined` where the machines have none, or are of an unknown type and nothing is on it
 */
export function localDisksOf(machines: PoolMachines, folders: readonly string[]): BootDisks | undefined {
  const folder = localDiskFolderOf(machines);
  const isNeeded = folders.some((one) => isWithin(one, folder));
  return isNeeded || (machines.facts.type?.instanceStoreDisks ?? 0) > 0
    ? {
        folder,
        isNeeded,
        isForDocker: true,
        devices: machines.machineImage.localDiskFolder === undefined ? INSTANCE_STORE : undefined,
      }
    : undefined;
}
