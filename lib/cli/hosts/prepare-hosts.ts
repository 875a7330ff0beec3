import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { CommandError } from "../base/command-error";
import {
  findingsOf,
  type HostFinding,
  type HostScript,
  type HostTarget,
  runOnHost,
  scriptPath,
} from "./host-shell";
import { targetsOfInventory, targetsOfStacks } from "./host-targets";
import { lastLines, type Outcome } from "../base/process";
import type { Progress } from "../base/progress";
import { table } from "../base/table";

export interface PrepareHostsOptions {
  /** @default - the machines of the synthesized stacks */
  readonly inventory?: string;
  /** Look, say what would run, and change nothing. */
  readonly dryRun?: boolean;
  /** Do not ask. */
  readonly yes?: boolean;
}

/** Something that a machine may lack and a script of ours installs. */
interface Installation {
  readonly script: HostScript;
  readonly name: string;
  /** As a person reads it before it happens. */
  readonly what: string;
  /** What findings about it are called. */
  readonly topic: string;
  readonly isWantedFor: (finding: HostFinding) => boolean;
}

/** In this order: only an engine that answers knows its runtimes. */
const INSTALLATIONS: readonly Installation[] = [
  {
    script: "install-docker.sh",
    name: "Docker",
    what: "Docker is to be installed and started, from the distribution's packages",
    topic: "docker",
    isWantedFor: ({ outcome, topic, text }) =>
      outcome === "problem" && topic === "docker" && !text.includes("may not talk"),
  },
  {
    script: "install-nvidia-toolkit.sh",
    name: "NVIDIA's container toolkit",
    what:
      "NVIDIA's container toolkit is to be installed from NVIDIA's signed packages, and the Docker engine " +
      "restarted, which stops the containers on it",
    topic: "runtime",
    isWantedFor: ({ outcome, topic, text }) =>
      outcome === "problem" && topic === "runtime" && text.includes("no runtime 'nvidia'"),
  },
];

/** A machine, and what was found on it. */
interface Looked {
  readonly target: HostTarget;
  readonly findings: readonly HostFinding[];
}

const LOOK_SECONDS = 60;
const INSTALL_SECONDS = 900;

/**
 * Makes machines ready for a deployment: looks at all of them at the same time, installs what is missing (Docker,
 * NVIDIA's container toolkit), looks again. A machine that fails is named with the reason; the others go on.
 *
 * @throws CommandError that names the machines that are not ready
 */
export async function prepareHosts(
  stacks: readonly string[],
  progress: Progress,
  options: PrepareHostsOptions = {},
): Promise<void> {
  const targets =
    options.inventory === undefined
      ? targetsOfStacks(process.cwd(), stacks)
      : targetsOfInventory(options.inventory);
  let looked = await look(targets, progress);
  for (const installation of INSTALLATIONS) {
    const bare = looked.filter(({ findings }) => findings.some(installation.isWantedFor));
    if (bare.length === 0) {
      continue;
    }
    show(installation, bare, progress, options.dryRun ?? false);
    if (!options.dryRun && (options.yes || (await isAgreed()))) {
      looked = await installAndLook(installation, looked, bare, progress);
    }
  }
  report(looked, progress, options.dryRun ?? false);
}

/** Looks at all machines at once; what cannot be reached is a problem like any other. */
function look(targets: readonly HostTarget[], progress: Progress): Promise<readonly Looked[]> {
  return progress.step(`looking at ${targets.length} machines`, () =>
    Promise.all(
      targets.map(async (target) => {
        const clock = `clock ${Math.floor(Date.now() / 1000)}`;
        const outcome = await runOnHost(target, "check-machine.sh", [...target.facts, clock], {
          timeoutSeconds: LOOK_SECONDS,
        });
        const found = findingsOf(outcome.stdout);
        const findings = [...found, ...(found.some(isProblem) ? [] : failureOf(outcome))];
        progress.say(`  ${target.called}: ${summary(findings)}`);
        return { target, findings };
      }),
    ),
  );
}

/** Why the script did not come to an end, where it has not said so itself. */
function failureOf(outcome: Outcome): readonly HostFinding[] {
  if (outcome.exitCode === 0) {
    return [];
  }
  const problem = (topic: string, text: string): readonly HostFinding[] => [
    { outcome: "problem", topic, text },
  ];
  const said = lastLines(outcome.stderr, 2).trim().replace(/\s+/g, " ");
  if (outcome.missing) {
    return problem("ssh", "this machine has no ssh");
  }
  if (outcome.timedOut) {
    return problem("ssh", `no answer within ${LOOK_SECONDS} s`);
  }
  return problem("ssh", outcome.exitCode === 255 ? `cannot be reached: ${said}` : said);
}

function show(
  { what, script }: Installation,
  bare: readonly Looked[],
  progress: Progress,
  inFull: boolean,
): void {
  const path = scriptPath(script);
  progress.say(`${what}, on:`);
  for (const { target } of bare) {
    progress.say(`  ${target.called}`);
  }
  progress.say(`as root, by ${relative(process.cwd(), path)}`);
  if (inFull) {
    progress.say(readFileSync(path, "utf8").trimEnd());
  }
}

/** @throws CommandError where nobody can be asked */
async function isAgreed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError("nothing was changed: nobody is there to agree", "Agree with --yes.");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Install? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

async function installAndLook(
  { script, name, topic }: Installation,
  first: readonly Looked[],
  bare: readonly Looked[],
  progress: Progress,
): Promise<readonly Looked[]> {
  const failed = new Map<HostTarget, HostFinding>();
  await progress.step(`installing ${name} on ${bare.length} machines`, () =>
    Promise.all(
      bare.map(async ({ target }) => {
        const outcome = await runOnHost(target, script, [], {
          asRoot: true,
          timeoutSeconds: INSTALL_SECONDS,
          onLine: (line) => {
            progress.say(`  ${target.node}: ${line}`);
          },
        });
        if (outcome.exitCode !== 0) {
          const text = `installing ${name} failed: ${lastLines(outcome.stderr, 1).trim()}`;
          failed.set(target, { outcome: "problem", topic, text });
        }
      }),
    ),
  );
  const again = await look(
    bare.map(({ target }) => target),
    progress,
  );
  return first.map((before) => {
    const after = again.find(({ target }) => target === before.target) ?? before;
    const failure = failed.get(before.target);
    return failure === undefined ? after : { ...after, findings: [...after.findings, failure] };
  });
}

/** @throws CommandError that names the machines with problems */
function report(looked: readonly Looked[], progress: Progress, isDryRun: boolean): void {
  const rows = looked.map(({ target, findings }) => [
    target.called,
    findings.some(isProblem) ? "NOT READY" : "ready",
    summary(findings),
  ]);
  process.stdout.write(`\n${table([["MACHINE", "", "FOUND"], ...rows])}\n\n`);
  const bad = looked.filter(({ findings }) => findings.some(isProblem));
  if (bad.length === 0) {
    progress.say(`${looked.length} of ${looked.length} machines are ready`);
    return;
  }
  const lines = bad.flatMap(({ target, findings }) =>
    findings.filter(isProblem).map(({ topic, text }) => `  ${target.called}: ${topic}: ${text}`),
  );
  throw new CommandError(
    `${bad.length} of ${looked.length} machines are not ready:\n${lines.join("\n")}`,
    isDryRun ? "This was a dry run: nothing was changed." : undefined,
  );
}

function summary(findings: readonly HostFinding[]): string {
  const others = findings.filter(({ outcome }) => outcome !== "ok");
  const well = findings.length - others.length;
  const rest = others.map(
    ({ outcome, topic, text }) => `${outcome === "problem" ? "" : "warning: "}${topic}: ${text}`,
  );
  return [`${well} checks are well`, ...rest].join("; ");
}

function isProblem({ outcome }: HostFinding): boolean {
  return outcome === "problem";
}
