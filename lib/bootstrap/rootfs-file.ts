import { readFileSync } from "node:fs";
import { join } from "node:path";
import { remembered } from "../runtime/remembered";
import type { BootFile } from "./boot-spec";

/** Every machine of a cluster has the same files. */
const textOf = remembered((path) => readFileSync(path, "utf8"));

/** A file of a folder that mirrors the file system of a machine. */
export function rootfsFile(folder: string, name: string): BootFile {
  return {
    path: `/${name}`,
    content: textOf(join(folder, name)),
    mode: name.endsWith(".sh") ? "0755" : "0644",
  };
}
