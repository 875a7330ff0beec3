import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { createInterface } from "node:readline/promises";
import { counted } from "../../problems/text";
import { CommandError } from "../base/command-error";
import {
  findingsOf,
  type HostFinding,
  type HostOutcome,
  type HostScript,
  type HostTarget,
  runOnHost,
  scriptPath,
} from "../base/host-shell";
import { targetsOfInventory, targetsOfStacks } from "./host-targets";
import { lastLines, type Outcome } from "../base/process";
import { print } from "../base/print";
import type { Progress } from "../base/progress";
import { table } from "../base/table";

export interface PrepareHostsOptions {
  /** @default - the machines of the synthesized stacks */
  readonly inventory?: string;
  /** Check, print what would run, and change nothing. */
  readonly dryRun?: boolean;
  /** Do not ask for confirmation. */
  readonly yes?: boolean;
}

/** What a machine may lack and a script adds. */
interface Installation {
  readonly script: HostScript;
  readonly name: string;
  /** What the user confirms. */
  readonly what: string;
  /** Topic of its findings. */
  readonly topic: string;
  readonly isWantedFor: (finding: HostFinding) => boolean;
}

/** In this order: only a running Docker engine lists its runtimes. */
const INSTALLATIONS: readonly Installation[] = [
  {
    script: "install-nftables.sh",
    name: "nftables",
    what: "nftables will be installed from the distribution's packages, for the packet filter of the cluster's ports",
    topic: "nft",
    isWantedFor: ({ outcome, topic }) => outcome === "problem" && topic === "nft",
  },
  {
    script: "install-docker.sh",
    name: "Docker",
    what: "Docker will be installed from the distribution's packages and started",
    topic: "docker",
    isWantedFor: ({ outcome, topic, text }) =>
      outcome === "problem" && topic === "docker" && !text.includes("group 'docker'"),
  },
  {
    script: "install-nvidia-toolkit.sh",
    name: "NVIDIA's container toolkit",
    what:
      "NVIDIA's container toolkit will be installed from NVIDIA's signed packages, and the Docker engine " +
      "restarted, which stops its containers",
    topic: "runtime",
    isWantedFor: ({ outcome, topic, text }) =>
      outcome === "problem" && topic === "runtime" && text.includes("no runtime 'nvidia'"),
  },
  {
    script: "make-nvidia-devices.sh",
    name: "NVIDIA's device nodes",
    what:
      "the device nodes of NVIDIA's driver will be made, and a unit of systemd added that makes them whenever the machine " +
      "starts, before Docker",
    topic: "device",
    isWantedFor: ({ outcome, topic, text }) =>
      (outcome === "problem" && topic === "device" && text.startsWith("/dev/nvidia")) ||
      (outcome === "warning" && topic === "nodes"),
  },
];

/** A machine with its findings. */
interface Checked {
  readonly target: HostTarget;
  readonly findings: readonly HostFinding[];
}

const CHECK_SECONDS = 60;
const INSTALL_SECONDS = 900;

/**
 * Prepares machines for a deployment: checks all of them at the same time, installs what is missing (Docker, NVIDIA's
 * container toolkit), and checks again. A machine that fails does not stop the others.
 *
 * @throws CommandError that names the machines that are not ready, with reasons
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
  let checked = await check(targets, progress);
  for (const installation of INSTALLATIONS) {
    const lacking = checked.filter(({ findings }) => findings.some(installation.isWantedFor));
    if (lacking.length === 0) {
      continue;
    }
    show(installation, lacking, progress, options.dryRun ?? false);
    if (!options.dryRun && (options.yes || (await isConfirmed()))) {
      checked = await installAndCheck(installation, checked, lacking, progress);
    }
  }
  report(checked, progress, options.dryRun ?? false);
}

/** Checks all machines at once. A machine that cannot be reached has a problem like any other. */
function check(targets: readonly HostTarget[], progress: Progress): Promise<readonly Checked[]> {
  return progress.step(`checking ${counted(targets.length, "machine")}`, () =>
    Promise.all(
      targets.map(async (target) => {
        const clock = `clock ${Math.floor(Date.now() / 1000)}`;
        const outcome = await runOnHost(target, "check-machine.sh", [...target.facts, clock], {
          timeoutSeconds: CHECK_SECONDS,
        });
        const found = findingsOf(outcome.stdout);
        const findings = [
          ...found,
          ...strayOf(outcome),
          ...(found.some(isProblem) ? [] : failureOf(outcome, target)),
        ];
        progress.say(`  ${target.called}: ${summary(findings)}`);
        return { target, findings };
      }),
    ),
  );
}

/** A shell that prints breaks Docker over ssh. A machine that cannot be reached has printed nothing of its own. */
function strayOf({ stray, exitCode }: HostOutcome): readonly HostFinding[] {
  return stray === undefined || exitCode === 255
    ? []
    : [
        {
          outcome: "problem",
          topic: "shell",
          text:
            `its login shell prints '${stray}' for every command, which breaks Docker over ssh; let .bashrc and ` +
            "profile.d print in interactive shells only",
        },
      ];
}

/** Why the script failed without a finding. */
function failureOf(outcome: Outcome, { ifGone }: HostTarget): readonly HostFinding[] {
  if (outcome.exitCode === 0) {
    return [];
  }
  const problem = (topic: string, text: string): readonly HostFinding[] => [
    { outcome: "problem", topic, text },
  ];
  const message = lastLines(outcome.stderr, 2).trim().replace(/\s+/g, " ");
  if (outcome.missing) {
    return problem("ssh", "no ssh on this machine");
  }
  if (outcome.timedOut) {
    return problem("ssh", `no answer within ${CHECK_SECONDS} s. ${ifGone}`);
  }
  return problem("ssh", outcome.exitCode === 255 ? `cannot be reached: ${message}. ${ifGone}` : message);
}

function show(
  { what, script }: Installation,
  lacking: readonly Checked[],
  progress: Progress,
  inFull: boolean,
): void {
  const path = scriptPath(script);
  progress.say(`${what} on:`);
  for (const { target } of lacking) {
    progress.say(`  ${target.called}`);
  }
  progress.say(`as root, with ${relative(process.cwd(), path)}`);
  if (inFull) {
    progress.say(readFileSync(path, "utf8").trimEnd());
  }
}

/** @throws CommandError without a terminal to ask on */
async function isConfirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CommandError("No terminal to confirm on; nothing was changed.", "Re-run with --yes.");
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Install? [y/N] ")).trim());
  } finally {
    terminal.close();
  }
}

async function installAndCheck(
  { script, name, topic }: Installation,
  first: readonly Checked[],
  lacking: readonly Checked[],
  progress: Progress,
): Promise<readonly Checked[]> {
  const failed = new Map<HostTarget, HostFinding>();
  await progress.step(`installing ${name} on ${counted(lacking.length, "machine")}`, () =>
    Promise.all(
      lacking.map(async ({ target }) => {
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
  const again = await check(
    lacking.map(({ target }) => target),
    progress,
  );
  return first.map((before) => {
    const after = again.find(({ target }) => target === before.target) ?? before;
    const failure = failed.get(before.target);
    return failure === undefined ? after : { ...after, findings: [...after.findings, failure] };
  });
}

/** @throws CommandError that names the machines with problems */
function report(checked: readonly Checked[], progress: Progress, isDryRun: boolean): void {
  const rows = checked.map(({ target, findings }) => [
    target.called,
    findings.some(isProblem) ? "NOT READY" : "ready",
    summary(findings),
  ]);
  print(`\n${table([["MACHINE", "", "FOUND"], ...rows])}\n\n`);
  const bad = checked.filter(({ findings }) => findings.some(isProblem));
  if (bad.length === 0) {
    progress.say(`${checked.length} of ${checked.length} machines are ready`);
    return;
  }
  const lines = bad.flatMap(({ target, findings }) =>
    findings.filter(isProblem).map(({ topic, text }) => `  ${target.called}: ${topic}: ${text}`),
  );
  throw new CommandError(
    `${bad.length} of ${checked.length} machines are not ready:\n${lines.join("\n")}`,
    isDryRun ? "This was a dry run: nothing was changed." : undefined,
  );
}

function summary(findings: readonly HostFinding[]): string {
  const others = findings.filter(({ outcome }) => outcome !== "ok");
  const passed = findings.length - others.length;
  const rest = others.map(
    ({ outcome, topic, text }) => `${outcome === "problem" ? "" : "warning: "}${topic}: ${text}`,
  );
  return [`${passed} checks passed`, ...rest].join("; ");
}

function isProblem({ outcome }: HostFinding): boolean {
  return outcome === "problem";
}
