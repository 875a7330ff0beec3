import type { FactRow } from "./facts";
import rows from "./machine-images.json";

/** A machine image that its maker publishes under a parameter, whose value is the newest one. */
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

/** A machine image of the catalogue. Throws for an id that it does not hold: that is our mistake. */
export function machineImageOf(id: string): MachineImageFacts {
  const row = (rows as readonly MachineImageFacts[]).find((candidate) => candidate.id === id);
  if (row === undefined) {
    throw new Error(`no machine image '${id}' in the catalogue`);
  }
  return row;
}

/** Where an image mounts the disks of the instance. Throws for one that is not known to do so: that is our mistake. */
export function localDiskFolderOf(id: string): string {
  const { localDiskFolder } = machineImageOf(id);
  if (localDiskFolder === undefined) {
    throw new Error(`machine image '${id}' mounts no disks`);
  }
  return localDiskFolder;
}

export function allMachineImages(): readonly MachineImageFacts[] {
  return rows as readonly MachineImageFacts[];
}
