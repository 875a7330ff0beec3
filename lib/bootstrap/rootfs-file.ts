import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { BootFile } from "./boot-spec";

/** A file of a folder that mirrors the file system of a machine. */
export function rootfsFile(folder: string, name: string): BootFile {
  return {
    path: `/${name}`,
    content: readFileSync(join(folder, name), "utf8"),
    mode: name.endsWith(".sh") ? "0755" : "0644",
  };
}
