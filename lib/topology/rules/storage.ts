import { isAbsolutePath, isWithin, unless } from "../../problems/checks";
import { errorRule } from "../../problems/rule";
import { show } from "../../problems/text";
import { CONTAINER_FOLDERS, KERNEL_FOLDERS, SYSTEM_FOLDERS } from "../plan/limits";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

/** Rules of the folders that containers get from the machines. */
export const storageRules: readonly ClusterRule[] = [
  errorRule("RC120", {
    title: "Folders of storage and model are absolute paths",
    why: "A container has no current folder, and Docker takes a relative source for the name of a volume.",
    check: (spec) =>
      folders(spec)
        .filter(({ folder }) => !isPlainFolder(folder))
        .map(({ path, folder }) => ({
          path,
          got: show(folder),
          must: "be the absolute path of a folder, without '.' and '..'",
          fix: meant(folder),
        })),
  }),
  errorRule("RC121", {
    title: "Storage is mounted on a folder of its own",
    why: "It would hide the system, the programs or the cluster's own files in the container.",
    check: ({ storage }) =>
      storage.flatMap(({ mountPath }, index) => {
        const hidden = isPlainFolder(mountPath) ? hides(mountPath) : undefined;
        return unless(hidden === undefined, {
          path: `storage[${index}].mountPath`,
          got: show(mountPath),
          must: `not hide '${hidden}' in the container`,
          fix: "use a separate folder, e.g. '/models'",
        });
      }),
  }),
  errorRule("RC122", {
    title: "Mount paths do not overlap",
    why: "One storage would hide the other, or lie inside it.",
    check: ({ storage }) =>
      storage.flatMap(({ mountPath }, index) =>
        storage.slice(0, index).map((other, earlier) =>
          unless(!isWithin(mountPath, other.mountPath) && !isWithin(other.mountPath, mountPath), {
            path: `storage[${index}].mountPath`,
            got: show(mountPath),
            must: `not overlap storage[${earlier}].mountPath ('${other.mountPath}')`,
            fix: `choose another path, e.g. '${other.mountPath.replace(/\/+$/, "")}-${index}'`,
          }),
        ),
      ),
  }),
  errorRule("RC123", {
    title: "A folder of the machines is either shared or per node",
    why: "This decides how the model is fetched: once to shared storage, or to every node.",
    check: ({ storage }) =>
      storage.flatMap((declared, index) =>
        storage.slice(0, index).map((other, earlier) =>
          unless(declared.hostPath !== other.hostPath || declared.isShared === other.isShared, {
            path: `storage[${index}].hostPath`,
            got: `${show(declared.hostPath)} as ${kindOf(declared.isShared)} storage`,
            must: `not be ${kindOf(other.isShared)} storage as well (storage[${earlier}])`,
            fix: "remove one of the two",
          }),
        ),
      ),
  }),
];

function folders({
  storage,
  models,
}: ClusterSpec): readonly { readonly path: string; readonly folder: string }[] {
  return [
    ...storage.flatMap(({ hostPath, mountPath }, index) => [
      { path: `storage[${index}].hostPath`, folder: hostPath },
      { path: `storage[${index}].mountPath`, folder: mountPath },
    ]),
    ...models.filter(({ source }) => source.kind === "path").map(({ path, folder }) => ({ path, folder })),
  ];
}

function isPlainFolder(folder: string): boolean {
  return isAbsolutePath(folder.replace(/\/+$/, ""));
}

function meant(folder: string): string {
  const parts = folder.split("/").filter((part) => !["", ".", ".."].includes(part));
  return parts.length === 0
    ? "name a folder, e.g. '/models'"
    : `did you mean '/${parts.join("/").replace(/\s/g, "-")}'?`;
}

/** A folder that a mount would hide; `undefined`: none. */
function hides(mountPath: string): string | undefined {
  return (
    CONTAINER_FOLDERS.find((folder) => isWithin(folder, mountPath) || isWithin(mountPath, folder)) ??
    KERNEL_FOLDERS.find((folder) => isWithin(mountPath, folder)) ??
    SYSTEM_FOLDERS.find((folder) => mountPath.replace(/\/+$/, "") === folder)
  );
}

function kindOf(isShared: boolean): string {
  return isShared ? "shared" : "per-node";
}
