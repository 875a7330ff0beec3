import { minimumObjectStoreMiB } from "../../catalog/ray-limits";
import { checkWhole, isWhole } from "../../problems/checks";
import type { ErrorFinding } from "../../problems/rule";

/** What may be chosen of each node of a place. */
export interface NodeSizes {
  readonly cpusPerNode?: number;
  readonly objectStoreMiB?: number;
  readonly sharedMemoryMiB?: number;
}

/** The sizes of a node, for the rules of every place. @param prefix path of the place's properties */
export function checkNodeSizes(sizes: NodeSizes, prefix = "backend"): readonly ErrorFinding[] {
  const { cpusPerNode, objectStoreMiB, sharedMemoryMiB } = sizes;
  const minimum = minimumObjectStoreMiB();
  return [
    ...checkWhole(
      { path: `${prefix}.cpusPerNode`, value: cpusPerNode },
      1,
      "leave it out to let Ray count the machine's CPUs",
    ),
    ...checkWhole(
      { path: `${prefix}.objectStoreMiB`, value: objectStoreMiB },
      minimum,
      "leave it out to use the backend's default",
    ),
    ...checkWhole(
      { path: `${prefix}.sharedMemoryMiB`, value: sharedMemoryMiB },
      isWhole(objectStoreMiB, minimum) ? objectStoreMiB : minimum,
      "leave it out to have it computed from the accelerators and the object store, which is part of it",
    ),
  ];
}
