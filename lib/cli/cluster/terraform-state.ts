import { CommandError } from "../base/command-error";
import { howItEnded, run } from "../base/process";

const STATE_SECONDS = 120;

/** What is read of Terraform's state (version 4 of its format). */
export interface TerraformState {
  readonly resources?: readonly {
    readonly mode: "managed" | "data";
    readonly type: string;
    readonly name: string;
    readonly module?: string;
    readonly instances: readonly { readonly attributes: { readonly [name: string]: unknown } }[];
  }[];
}

/**
 * The state of a synthesized stack, from its backend. It stays in memory.
 *
 * @throws CommandError if Terraform does not answer, e.g. because the stack was never deployed from here
 */
export async function pullState(stackFolder: string): Promise<TerraformState> {
  // As `cdktf` finds it.
  const terraform = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
  const options = { timeoutSeconds: STATE_SECONDS };
  const outcome = await run(terraform, [`-chdir=${stackFolder}`, "state", "pull"], options);
  if (outcome.exitCode !== 0) {
    throw new CommandError(
      `${terraform} state pull ${howItEnded({ ...outcome, stdout: "" }, options)}`,
      "Run `npx cdktf diff` with the stack first: it connects this folder with the stack's state.",
    );
  }
  return outcome.stdout.trim() === "" ? {} : (JSON.parse(outcome.stdout) as TerraformState);
}

/** Attributes of the resource `type.name` or `data.type.name`; `undefined`: there is none. */
export function attributesOf(
  { resources = [] }: TerraformState,
  address: string,
): { readonly [name: string]: unknown } | undefined {
  const mode = address.startsWith("data.") ? "data" : "managed";
  const [type, name] = address.replace(/^data\./, "").split(".");
  const found = resources.find(
    (one) => one.module === undefined && one.mode === mode && one.type === type && one.name === name,
  );
  return found?.instances[0]?.attributes;
}
