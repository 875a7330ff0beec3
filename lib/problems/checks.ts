import type { ErrorFinding } from "./rule";
import { show } from "./text";

/** A property and its value, as far as it is given. */
export interface Given<Value> {
  readonly path: string;
  readonly value: Value | undefined;
}

/** Ray refuses to start with a smaller object store. */
export const MINIMUM_OBJECT_STORE_MIB = 75;

/** What may be chosen of each node of a place. */
export interface NodeSizes {
  readonly cpusPerNode?: number;
  readonly objectStoreMiB?: number;
  readonly sharedMemoryMiB?: number;
}

/** The sizes of a node, for every place. @param prefix path of the place's properties */
export function checkNodeSizes(sizes: NodeSizes, prefix = "backend"): readonly ErrorFinding[] {
  const { cpusPerNode, objectStoreMiB, sharedMemoryMiB } = sizes;
  const least = isWhole(objectStoreMiB, MINIMUM_OBJECT_STORE_MIB) ? objectStoreMiB : MINIMUM_OBJECT_STORE_MIB;
  return [
    ...checkWhole(
      { path: `${prefix}.cpusPerNode`, value: cpusPerNode },
      1,
      "leave it out to let Ray count the CPUs of the machine",
    ),
    ...checkWhole(
      { path: `${prefix}.objectStoreMiB`, value: objectStoreMiB },
      MINIMUM_OBJECT_STORE_MIB,
      "leave it out for the default of the place",
    ),
    ...checkWhole(
      { path: `${prefix}.sharedMemoryMiB`, value: sharedMemoryMiB },
      least,
      "leave it out to have it computed from the accelerators and the object store, which lies in it",
    ),
  ];
}

/** A whole number of at least a minimum. */
export function checkWhole(
  { path, value }: Given<number>,
  minimum: number,
  fix: string,
): readonly ErrorFinding[] {
  return value === undefined || isWhole(value, minimum)
    ? []
    : [{ path, got: show(value), must: `be a whole number of at least ${minimum}`, fix }];
}

export function isWhole(
  value: number | undefined,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
): value is number {
  return value !== undefined && Number.isInteger(value) && value >= minimum && value <= maximum;
}

/** An absolute path without `.`, `..` and empty parts. */
export function isAbsolutePath(path: string): boolean {
  const parts = path.split("/").slice(1);
  return path.startsWith("/") && (path === "/" || !parts.some((part) => ["", ".", ".."].includes(part)));
}

/** Whether a path is a folder or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Values that stand twice: each later one, with the path of the first. */
export function repeated<Value>(
  values: readonly Given<Value>[],
): readonly { readonly path: string; readonly value: Value; readonly first: string }[] {
  const owners = new Map<Value, string>();
  return values.flatMap(({ path, value }) => {
    if (value === undefined) {
      return [];
    }
    const first = owners.get(value);
    owners.set(value, first ?? path);
    return first === undefined ? [] : [{ path, value, first }];
  });
}
