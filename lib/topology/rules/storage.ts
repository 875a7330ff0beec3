import { CONTAINER_FOLDERS, KERNEL_FOLDERS, SYSTEM_FOLDERS } from "../plan/limits";
import type { ClusterSpec } from "../plan/spec";
import { isWithin } from "../plan/staging";
import type { Finding, Rule } from "./rule";
import { show } from "../../problems/text";

/** Rules of the folders that containers get from the machines. */
export const storageRules: readonly Rule[] = [
  {
    id: "RC120",
    level: "error",
    title: "Folders of storage and model are absolute paths",
    why: "A container has no folder to begin from, and Docker takes a relative source for the name of a volume.",
    check: (spec) => folders(spec).flatMap(({ path, folder }) => absolute(path, folder)),
  },
  {
    id: "RC121",
    level: "error",
    title: "Storage is mounted where nothing else lies",
    why: "It would hide the system, the programs or the cluster's own files in the container.",
    check: ({ storage }) =>
      storage.flatMap(({ mountPath }, index) => {
        const hidden = isPlainFolder(mountPath) ? hides(mountPath) : undefined;
        return hidden === undefined
          ? []
          : [
              {
                path: `storage[${index}].mountPath`,
                got: show(mountPath),
                allowed: `must not hide '${hidden}' of the container`,
                fix: "use a folder of its own, e.g. '/models'",
              },
            ];
      }),
  },
  {
    id: "RC122",
    level: "error",
    title: "Each storage has a mount path of its own",
    why: "The second would hide the first, or the first would lie inside the second.",
    check: ({ storage }) =>
      storage.flatMap(({ mountPath }, index) =>
        storage.slice(0, index).flatMap((other, earlier) =>
          isWithin(mountPath, other.mountPath) || isWithin(other.mountPath, mountPath)
            ? [
                {
                  path: `storage[${index}].mountPath`,
                  got: show(mountPath),
                  allowed: `must lie apart from storage[${earlier}].mountPath ('${other.mountPath}')`,
                  fix: `choose another, e.g. '${other.mountPath.replace(/\/+$/, "")}-${index}'`,
                },
              ]
            : [],
        ),
      ),
  },
  {
    id: "RC123",
    level: "error",
    title: "A folder of the machines is either shared or each machine's own",
    why: "It decides who fetches the model: on shared storage one node, else each takes it from another.",
    check: ({ storage }) =>
      storage.flatMap((declared, index) =>
        storage.slice(0, index).flatMap((other, earlier) =>
          declared.hostPath === other.hostPath && declared.isShared !== other.isShared
            ? [
                {
                  path: `storage[${index}].hostPath`,
                  got: `${show(declared.hostPath)} as ${kindOf(declared.isShared)}`,
                  allowed: `must not be ${kindOf(other.isShared)}, too (storage[${earlier}])`,
                  fix: "remove one of the two",
                },
              ]
            : [],
        ),
      ),
  },
];

function folders({
  storage,
  modelSource,
}: ClusterSpec): readonly { readonly path: string; readonly folder: string }[] {
  return [
    ...storage.flatMap(({ hostPath, mountPath }, index) => [
      { path: `storage[${index}].hostPath`, folder: hostPath },
      { path: `storage[${index}].mountPath`, folder: mountPath },
    ]),
    ...(modelSource?.kind === "path" ? [{ path: "model", folder: modelSource.location }] : []),
  ];
}

function absolute(path: string, folder: string): readonly Finding[] {
  return isPlainFolder(folder)
    ? []
    : [
        {
          path,
          got: show(folder),
          allowed: "must be an absolute path without '.' and '..'",
          fix: meant(partsOf(folder)),
        },
      ];
}

function isPlainFolder(folder: string): boolean {
  const parts = partsOf(folder);
  return folder.startsWith("/") && !/[\0\n\r]/.test(folder) && parts.length > 0 && !parts.some(isDotted);
}

function partsOf(folder: string): readonly string[] {
  return folder.split("/").filter((part) => part !== "");
}

function meant(parts: readonly string[]): string {
  const plain = parts.filter((part) => !isDotted(part)).join("/");
  return plain === "" ? "name a folder, e.g. '/models'" : `did you mean '/${plain.replace(/\s/g, "-")}'?`;
}

function isDotted(part: string): boolean {
  return part === "." || part === "..";
}

/** The folder that would be hidden; `undefined`: none. */
function hides(mountPath: string): string | undefined {
  return (
    CONTAINER_FOLDERS.find((folder) => isWithin(folder, mountPath) || isWithin(mountPath, folder)) ??
    KERNEL_FOLDERS.find((folder) => isWithin(mountPath, folder)) ??
    SYSTEM_FOLDERS.find((folder) => mountPath.replace(/\/+$/, "") === folder)
  );
}

function kindOf(isShared: boolean): string {
  return isShared ? "shared" : "each machine's own";
}
