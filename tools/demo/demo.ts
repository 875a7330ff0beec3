import { CdktfApp, type CdktfOutcome } from "./cdktf";
import { CommandError } from "../../lib/cli/base/command-error";
import { apiOf, askCompletion, curlExample } from "./completion";
import { ensureDocker } from "../../lib/cli/base/docker-engine";
import { followGate } from "./gate-log";
import { ownImagesOf } from "../images/local-images";
import { nodeTable } from "./node-table";
import { lastLines } from "../../lib/cli/base/process";
import type { Progress } from "../../lib/cli/base/progress";
import { DEBIAN_BASE } from "../supply/debian-base";
import { ensureProviders, type ProviderAccess } from "../supply/provider-access";
import { type LocalStack, localStacks, stackNamed } from "./synthesized-stack";

export interface DemoOptions {
  /** @default - RAY_CLUSTER_PROVIDER_MIRROR, else none */
  readonly providerMirror?: string;
}

/** Beyond what the cluster itself may take: network, volume and containers, made or taken away. */
const TERRAFORM_SECONDS = 300;

/**
 * From nothing to a completion: what the host lacks, the real `cdktf deploy` of one local stack, and
 * the question a user would ask.
 *
 * @throws CommandError that names what failed
 */
export async function demo(stackName: string, progress: Progress, options: DemoOptions = {}): Promise<void> {
  const app = new CdktfApp();
  await app.synthesize();
  const stack = stackNamed(localStacks(app.root), stackName);
  const engine = await ensureDocker(progress);
  progress.say(`Docker engine ${engine.version} answers`);
  for (const image of ownImagesOf(stack.images)) {
    await image.ensure(engine, progress, { withoutRegistry: DEBIAN_BASE });
  }
  const access = await ensureProviders(["docker"], progress, { mirror: options.providerMirror });
  progress.say(`Terraform providers: ${access.origin}`);
  progress.say(`deploying ${stackName}; what will be there: cdktf.out/stacks/${stackName}/review.md`);
  await deploy(app, stack, access, progress);
  await report(stack, progress);
}

async function deploy(
  app: CdktfApp,
  stack: LocalStack,
  access: ProviderAccess,
  progress: Progress,
): Promise<void> {
  const ended = new AbortController();
  const onGateLine = (line: string): void => {
    progress.say(`  ${line}`);
  };
  const gate = followGate(stack.gate, new Date(), onGateLine, ended.signal);
  const limits = {
    timeoutSeconds: stack.workload.deadlines.serving + TERRAFORM_SECONDS,
    onLine: (line: string) => {
      const milestone = milestoneOf(line);
      if (milestone !== undefined) {
        progress.say(`  ${milestone}`);
      }
    },
  };
  await progress.step(`cdktf deploy ${stack.name}`, async () => {
    const outcome = await app.change("deploy", stack.name, access, limits);
    ended.abort();
    await gate;
    failUnlessDone("deploy", stack, outcome);
  });
}

/**
 * What a line of Terraform's output tells a person about where it stands, e.g.
 * `container local-2x8/npu-0: Creating...`; `undefined`: nothing.
 */
export function milestoneOf(line: string): string | undefined {
  if (/^(Plan:|No changes|Apply complete)/.test(line)) {
    return line;
  }
  const event = /^[a-z]+_(\w+)\.\S+ \((\S+)\): (Creat|Destr|Modif)(\S+( complete after \S+)?)/.exec(line);
  return event === null ? undefined : `${event[1]} ${event[2]}: ${event[3]}${event[4]}`;
}

/** @throws CommandError with Terraform's errors, which hold what the gate says of culprit and reason */
export function failUnlessDone(action: "deploy" | "destroy", stack: LocalStack, outcome: CdktfOutcome): void {
  if (outcome.exitCode === 0) {
    return;
  }
  const reason = outcome.timedOut ? "took too long" : `failed (exit code ${outcome.exitCode})`;
  throw new CommandError(
    `cdktf ${action} ${stack.name} ${reason}:\n${culprit(outcome.lines)}`,
    `All that was printed: ${outcome.logFile}`,
  );
}

/**
 * What an output says about a failure: from the gate's verdict on, which names culprit and reason; else
 * from Terraform's first error on; else its end.
 */
export function culprit(lines: readonly string[]): string {
  const told = lines.filter((line) => !/Stacks? (deploying|destroying)|^Invoking Terraform CLI/.test(line));
  // The provisioner prints it first, the error repeats it.
  const verdict = told.map((line) => line.includes("is not serving:")).lastIndexOf(true);
  const error = told.findIndex((line) => line.includes("Error: "));
  const start = verdict >= 0 ? verdict : Math.max(error, 0);
  return lastLines(told.slice(start).join("\n"), 40);
}

async function report(stack: LocalStack, progress: Progress): Promise<void> {
  const nodes = await nodeTable(stack);
  const completion = await askCompletion(stack.endpoint, stack.workload);
  const destroy = stack.name === DEFAULT_STACK ? "" : ` -- ${stack.name}`;
  progress.say(`cluster '${stack.workload.cluster}' serves`);
  const text = [
    "",
    nodes,
    "",
    `Completion, asked just now through the public endpoint (${completion.seconds.toFixed(2)} s):`,
    `  ${completion.text}`,
    "",
    `Endpoint: ${stack.endpoint} (OpenAI API, model '${apiOf(stack.workload).servedModel}')`,
    curlExample(stack.endpoint, stack.workload),
    "",
    `Destroy it with: npm run demo:destroy${destroy}`,
    "",
  ];
  process.stdout.write(`${text.join("\n")}\n`);
}

/** Small enough for two cores. */
export const DEFAULT_STACK = "local-2x8";
