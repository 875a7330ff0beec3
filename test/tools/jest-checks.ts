import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { cacheFolder } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import { findDocker } from "../../lib/cli/base/docker-engine";
import { ensureEmulationImage } from "../../lib/cli/images/emulation-image";
import { Progress } from "../../lib/cli/base/progress";
import { howItEnded } from "../../lib/cli/base/process";
import { ensureProviders, MIRROR_VARIABLE } from "../../tools/supply/provider-access";
import { ensureVllmCpuImage } from "../../tools/images/build-vllm-cpu-image";
import { DEBIAN_BASE } from "../../tools/supply/debian-base";
import { OLDER_RAY, ROLL_RAY } from "../e2e/support/requirements";
import { type Check, type Counts, Missing, sum } from "./check";
import { ROOT, runShown } from "./program";
import { jestCounts } from "./reports";

export const unitTests: Check = {
  name: "unit",
  title: "Jest, unit tests",
  run: () => jest("unit"),
};

export const terraformTests: Check = {
  name: "terraform",
  title: "Jest, with the real Terraform and its Docker provider",
  run: async () => jest("terraform", await providerEnvironment()),
};

export const endToEndTests: Check = {
  name: "e2e",
  title: "Jest, end to end: real cdktf deploy, Docker and Ray",
  run: async () => {
    const engine = await findDocker();
    if (engine === undefined) {
      throw new Missing("no Docker daemon");
    }
    for (const rayVersion of [undefined, OLDER_RAY, ROLL_RAY]) {
      await orMissing(
        ensureEmulationImage(engine, new Progress(), { rayVersion, withoutRegistry: DEBIAN_BASE }),
      );
    }
    await orMissing(ensureVllmCpuImage(engine, new Progress(), { withoutRegistry: DEBIAN_BASE }));
    const environment = await providerEnvironment();
    const files = endToEndFiles();
    return sum([
      await jest(
        "e2e",
        environment,
        files.filter((file) => !isAlone(file)),
        DEPLOYMENTS,
      ),
      await jest("e2e", environment, files.filter(isAlone)),
    ]);
  },
};

/**
 * Test files at a time: most of a deployment is waiting, and more clusters would starve on two cores. Jest starts
 * with the file that took longest the last time. Names, networks and ports of no two files are the same.
 */
const DEPLOYMENTS = 2;

/** Sixteen nodes want all cores when they start: Ray gives each of them 30 seconds, however loaded the machine is. */
const ALONE = ["hosts-16"];

function isAlone(file: string): boolean {
  return ALONE.includes(basename(file, ".e2e.test.ts"));
}

/** Runs one of Jest's projects, or some of its files, so many at a time. */
async function jest(
  project: string,
  environment: { readonly [name: string]: string | undefined } = {},
  files: readonly string[] = [],
  workers = 1,
): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-jest-"));
  try {
    const report = join(folder, "report.json");
    const program = join(ROOT, "node_modules", "jest", "bin", "jest.js");
    const paths = files.length > 0 ? ["--maxWorkers", String(workers), "--runTestsByPath", ...files] : [];
    const arguments_ = ["--selectProjects", project, "--json", "--outputFile", report];
    // Not in TMPDIR, where it would be gone at the next run.
    arguments_.push("--cacheDirectory", join(cacheFolder(), "jest"));
    const outcome = await runShown(
      process.execPath,
      [program, ...arguments_, ...paths],
      // CDKTF's test helpers leave folders behind in there.
      { environment: { ...environment, TMPDIR: folder } },
    );
    if (!existsSync(report)) {
      throw new Error(`Jest ${howItEnded(outcome)}`);
    }
    return jestCounts(readFileSync(report, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What makes `init` get the providers; our tests' own variable for a mirror has done its work by then. */
async function providerEnvironment(): Promise<{ readonly [name: string]: string | undefined }> {
  const access = await orMissing(ensureProviders(["docker"], new Progress()));
  return { ...access.environment, [MIRROR_VARIABLE]: undefined };
}

/** What a command cannot provide is something that the machine lacks. */
async function orMissing<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof CommandError ? new Missing(error.toString()) : error;
  }
}

function endToEndFiles(): string[] {
  const folder = join(ROOT, "test", "e2e");
  return readdirSync(folder)
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => join(folder, file))
    .sort();
}
