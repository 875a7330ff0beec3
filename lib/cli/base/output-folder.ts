import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What `cdktf` writes to where nothing else is said. */
const DEFAULT = "cdktf.out";

/**
 * The folder that `cdktf synth` writes for a project: `output` of its `cdktf.json`, else `cdktf.out`.
 *
 * @param project folder of `cdktf.json` @default - the current folder
 */
export function outputFolder(project = ""): string {
  const file = join(project, "cdktf.json");
  if (!existsSync(file)) {
    return join(project, DEFAULT);
  }
  const { output } = JSON.parse(readFileSync(file, "utf8")) as { readonly output?: unknown };
  return join(project, typeof output === "string" ? output : DEFAULT);
}
