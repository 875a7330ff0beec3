import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlanJson } from "../../review/change/actions";
import { CommandError } from "../base/command-error";
import { howItEnded, run } from "../base/process";

/** A plan asks every machine and the cloud for its present state. */
const PLAN_SECONDS = 1800;

/**
 * What Terraform plans for a synthesized stack, against its state. The plan lies in a folder of the user alone and is
 * removed, because it holds all values.
 *
 * @throws CommandError if Terraform cannot plan, e.g. because the folder is not connected with the stack's state
 */
export async function planOf(stackFolder: string): Promise<PlanJson> {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-review-"));
  const file = join(folder, "plan");
  try {
    await terraform(stackFolder, "plan", "-input=false", "-lock=false", `-out=${file}`);
    return JSON.parse(await terraform(stackFolder, "show", "-json", file)) as PlanJson;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function terraform(stackFolder: string, ...words: readonly string[]): Promise<string> {
  // As `cdktf` finds it.
  const program = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
  const options = { timeoutSeconds: PLAN_SECONDS };
  const outcome = await run(program, [`-chdir=${stackFolder}`, ...words], options);
  if (outcome.exitCode !== 0) {
    throw new CommandError(
      `${program} ${words[0]} ${howItEnded({ ...outcome, stdout: "" }, options)}`,
      "Run `npx cdktf diff` with the stack first: it connects this folder with the stack's state.",
    );
  }
  return outcome.stdout;
}
