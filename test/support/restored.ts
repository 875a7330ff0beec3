import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROGRAM = join(__dirname, "../../lib/bootstrap/rootfs/usr/local/lib/ray-cluster/restore_bundle.py");

/** The text that a machine restores from a packed one, by the program that does it there. */
export function restored(packed: string): string {
  const folder = mkdtempSync(join(tmpdir(), "packed-"));
  try {
    const [from, to] = [join(folder, "bundle.b85"), join(folder, "bundle.json")];
    writeFileSync(from, packed);
    execFileSync("python3", [PROGRAM, from, to]);
    return readFileSync(to, "utf8");
  } finally {
    rmSync(folder, { recursive: true });
  }
}
