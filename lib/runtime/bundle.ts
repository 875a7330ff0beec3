import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerFile } from "./container-spec/container-spec";
import { remembered } from "./remembered";

/** Begins the name of a file that belongs to the machine, not to its container; `unpack_files.py` reads it. */
const HOST = "host:";

/** The program that unpacks a bundle, on a machine and in a container. */
export function unpackProgram(): string {
  return readFileSync(join(__dirname, "unpack_files.py"), "utf8");
}

/** Most files are programs that every cluster has. */
const quoted = remembered((content) => JSON.stringify(content));

/** Most clusters of an app have the same bundle: one copy of it in memory. */
const theOne = remembered((text) => text);

/** Many files as one JSON object, from name to content. */
export function bundleText(
  files: readonly ContainerFile[],
  filesOfMachine: readonly ContainerFile[] = [],
): string {
  const named = [...files, ...filesOfMachine.map((file) => ({ ...file, path: `${HOST}${file.path}` }))];
  const byPath = new Map(named.map(({ path, content }) => [path, content]));
  const entries = [...byPath].map(([path, content]) => `${JSON.stringify(path)}:${quoted(content)}`);
  return theOne(`{${entries.join(",")}}\n`);
}
