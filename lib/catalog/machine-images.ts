import type { FactRow } from "./facts";
import rows from "./machine-images.json";
import { table } from "./table";

/** A machine image whose vendor publishes its newest version under an SSM parameter. */
export interface MachineImageFacts extends FactRow {
  readonly id: string;
  readonly parameter: string;
  readonly architecture: "x86_64" | "arm64";
  /** Device of the root volume. */
  readonly rootDeviceName: string;
  /** Driver stack that it brings. */
  readonly driver: "nvidia" | "neuron";
  /** Size of its snapshot: a root volume cannot be smaller. */
  readonly minimumRootGiB: number;
  /** Folder where its own service mounts the disks of the instance. @default - none is documented */
  readonly localDiskFolder?: string;
}

export const { all: allMachineImages, get: machineImageOf } = table<MachineImageFacts>("machine image", rows);

/** Where an image mounts the disks of the instance. Throws for an image that mounts none, which is an internal error. */
export function localDiskFolderOf(id: string): string {
  const { localDiskFolder } = machineImageOf(id);
  if (localDiskFolder === undefined) {
    throw new Error(`machine image '${id}' mounts no disks`);
  }
  return localDiskFolder;
}
