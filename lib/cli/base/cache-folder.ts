import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";

/** The user's cache folder for this project: what is in it can be made again, and is never trusted half made. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const base = environment.XDG_CACHE_HOME;
  // The XDG rules: a relative path is to be ignored.
  const folder = base !== undefined && isAbsolute(base) ? base : join(homedir(), ".cache");
  return join(folder, "cdktf-ray-cluster");
}

/** Short key of the inputs that something in the cache was made from. */
export function inputsKey(...inputs: readonly string[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) {
    hash.update(`${input.length}\0${input}`);
  }
  return hash.digest("hex").slice(0, 12);
}

/**
 * Makes `path` once: `make` gets a folder of its own to work in and returns what in it is to lie at
 * `path`. A run that breaks off leaves nothing at `path`, and of two at a time the first one wins.
 */
export async function cached(path: string, make: (workFolder: string) => Promise<string>): Promise<string> {
  if (existsSync(path)) {
    return path;
  }
  mkdirSync(dirname(path), { recursive: true });
  const work = mkdtempSync(join(dirname(path), ".work-"));
  try {
    const made = await make(work);
    if (!existsSync(path)) {
      renameSync(made, path);
    }
    return path;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
