import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Short hash over what an image is built from: the same inputs give the same hash, so a stack names an image before
 * it is built, and an old one is never taken for the present one.
 *
 * @param facts what comes from the catalogue, as text
 * @param folder everything in and below it is an input
 */
export function imageInputsHash(facts: string, folder: string): string {
  const hash = createHash("sha256").update(facts);
  for (const file of inputFiles(folder)) {
    const content = readFileSync(join(folder, file));
    hash.update(`${file}\0${content.length}\0`).update(content);
  }
  return hash.digest("hex").slice(0, 12);
}

/** Documents are no input, and do not travel with the compiled package; nor does what Python leaves behind. */
function inputFiles(folder: string, below = ""): string[] {
  const entries = readdirSync(join(folder, below), { withFileTypes: true });
  return entries
    .flatMap((entry) => {
      const path = join(below, entry.name);
      if (entry.isDirectory()) {
        return entry.name === "__pycache__" ? [] : inputFiles(folder, path);
      }
      return entry.name.endsWith(".md") ? [] : [path];
    })
    .sort();
}
