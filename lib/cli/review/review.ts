import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plannedActions, type ResourceAction } from "../../review/change/actions";
import {
  changeText,
  decidedOf,
  type Refusal,
  REFUSALS,
  type RunningCluster,
  type StackChange,
  stackChange,
} from "../../review/change/change";
import { bootedMachines, predictedActions, type StackJson } from "../../review/change/stack-json";
import { REVIEW_SCHEMA, type StackReview } from "../../review/stack-review";
import { CommandError } from "../base/command-error";
import { outputFolder } from "../base/output-folder";
import { synthesizedAt } from "./git-ref";
import { planOf } from "./terraform-plan";

export interface ReviewOptions {
  /** `state`, a folder that cdktf has written, or a commit, branch or tag. @default - the review alone */
  readonly against?: string;
  readonly json?: boolean;
  /** Comma-separated, of `replace`, `reach`, `cost`, `data`. */
  readonly failOn?: string;
  /** @default - that of `cdktf.json`, else `cdktf.out` */
  readonly output?: string;
}

/** Exit code where something is found that `--fail-on` names; 1 is that of an error. */
export const FOUND = 2;

/**
 * Prints the reviews of stacks, or how they differ from what runs.
 *
 * @param stack @default - all that have a review
 * @returns the exit code: 0, or 2 for something that `--fail-on` names
 * @throws CommandError where there is nothing to review or to compare with
 */
export async function review(
  stack: string | undefined,
  options: ReviewOptions,
  write: (text: string) => void,
): Promise<number> {
  const { against, json, output = outputFolder() } = options;
  const refused = refusals(options.failOn);
  const stacks = stack === undefined ? reviewed(output) : [stack];
  if (against === undefined) {
    if (refused.length > 0) {
      throw new CommandError(
        "--fail-on compares, and nothing is named to compare with",
        "Add --against state, a folder or a commit.",
      );
    }
    const texts = stacks.map((name) =>
      json ? readReview(output, name) : readText(output, name, "review.md"),
    );
    write(json ? `${JSON.stringify(texts, null, 2)}\n` : texts.join("\n"));
    return 0;
  }
  const changes = await comparisons(stacks, against, output);
  write(json ? `${JSON.stringify(changes, null, 2)}\n` : changes.map(changeText).join("\n"));
  return changes.some(({ found }) => found.some((one) => refused.includes(one))) ? FOUND : 0;
}

async function comparisons(
  stacks: readonly string[],
  against: string,
  output: string,
): Promise<readonly StackChange[]> {
  if (against === "state") {
    return Promise.all(stacks.map((name) => withState(output, name)));
  }
  if (existsSync(join(against, "stacks"))) {
    return stacks.map((name) => withFolder(output, against, name));
  }
  const then = await synthesizedAt(against);
  try {
    return stacks.map((name) => withFolder(output, then.output, name));
  } finally {
    then.remove();
  }
}

function withFolder(output: string, old: string, stack: string): StackChange {
  const planned = readReview(output, stack);
  const now = readStack(output, stack);
  if (!existsSync(join(old, "stacks", stack))) {
    return stackChange(planned, [], predictedActions({}, now), bootedMachines(now));
  }
  const running = readReview(old, stack).clusters.map((cluster): RunningCluster => ({
    name: cluster.name,
    terms: cluster.terms,
    decided: decidedOf(cluster),
  }));
  const before = readStack(old, stack);
  // Those that go are in the stack as it was.
  const booted = new Set([...bootedMachines(before), ...bootedMachines(now)]);
  return stackChange(planned, running, predictedActions(before, now), booted);
}

async function withState(output: string, stack: string): Promise<StackChange> {
  const planned = readReview(output, stack);
  const plan = await planOf(join(output, "stacks", stack));
  const actions: readonly ResourceAction[] = plannedActions(plan);
  return stackChange(planned, runningOf(plan, planned), actions, bootedMachines(readStack(output, stack)));
}

/** What the record of each cluster's terms says before the plan. */
export function runningOf(
  { resource_changes: changes = [] }: Awaited<ReturnType<typeof planOf>>,
  { clusters }: StackReview,
): readonly Partial<RunningCluster>[] {
  return changes.flatMap(({ address, change: { before } }) => {
    const path = /^terraform_data\.(.+)_lives_[0-9A-F]{8}$/.exec(address)?.[1];
    const input = (before as { readonly input?: RunningCluster["terms"] & Partial<RunningCluster> } | null)
      ?.input;
    if (path === undefined || input === undefined) {
      return [];
    }
    const found = clusters.find(({ name }) => path === name || path.endsWith(`_${name}`));
    return [{ name: found?.name ?? path, terms: input, decided: input.decided }];
  });
}

function refusals(text = ""): readonly Refusal[] {
  const words = text.split(",").filter((word) => word !== "");
  const unknown = words.find((word) => !(REFUSALS as readonly string[]).includes(word));
  if (unknown !== undefined) {
    throw new CommandError(
      `--fail-on knows no '${unknown}'`,
      `Use ${REFUSALS.join(", ")}, or several with commas.`,
    );
  }
  return words as readonly Refusal[];
}

function reviewed(output: string): readonly string[] {
  const stacks = join(output, "stacks");
  const found = existsSync(stacks)
    ? readdirSync(stacks).filter((name) => existsSync(join(stacks, name, "review.json")))
    : [];
  if (found.length === 0) {
    throw new CommandError(`${output} has no review`, "Run `npx cdktf synth` first.");
  }
  return found.sort();
}

function readReview(output: string, stack: string): StackReview {
  const read = JSON.parse(readText(output, stack, "review.json")) as StackReview;
  if ((read.schema as number) !== REVIEW_SCHEMA) {
    throw new CommandError(
      `the review of '${stack}' in ${output} has schema ${read.schema}, and this command reads ${REVIEW_SCHEMA}`,
      "Synthesize both with the same release of cdktf-ray-cluster.",
    );
  }
  return read;
}

function readStack(output: string, stack: string): StackJson {
  return JSON.parse(readText(output, stack, "cdk.tf.json")) as StackJson;
}

function readText(output: string, stack: string, name: string): string {
  const file = join(output, "stacks", stack, name);
  if (!existsSync(file)) {
    throw new CommandError(
      `there is no ${file}`,
      "Run `npx cdktf synth` first, with this release of cdktf-ray-cluster.",
    );
  }
  return readFileSync(file, "utf8");
}
