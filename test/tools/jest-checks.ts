import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import { type DockerEngine, findDocker } from "../../lib/cli/base/docker-engine";
import { ensureEmulationImage } from "../../lib/cli/images/emulation-image";
import { Progress } from "../../lib/cli/base/progress";
import { howItEnded } from "../../lib/cli/base/process";
import { ensureProviders, MIRROR_VARIABLE, type ProviderAccess } from "../../tools/supply/provider-access";
import { ensureVllmCpuImage } from "../../tools/images/build-vllm-cpu-image";
import { DEBIAN_BASE } from "../../tools/supply/debian-base";
import { MOTO } from "../e2e/support/aws-region";
import { Docker } from "../e2e/support/docker";
import { MACHINE_KINDS, machineImage } from "../e2e/support/machine-image";
import { OLDER_RAY, ROLL_RAY } from "../e2e/support/requirements";
import { type Check, type Counts, Missing, type Show } from "./check";
import files from "./end-to-end.json";
import { ROOT, runShown } from "./program";
import { jestCounts } from "./reports";
import { ensureTofu } from "./tofu";
import { ensureTrivyChecks } from "./trivy";

export const unitTests: Check = {
  name: "unit",
  title: "Jest, unit tests",
  run: (show) => jest(show, "unit", { yields: true }),
};

export const terraformTests: Check = {
  name: "terraform",
  title: "Jest, with the real Terraform and its Docker provider",
  run: async (show) => {
    const environment = await providerEnvironment(show);
    // Before the tests, which give way to deployments: beside these a build would take a quarter of an hour.
    await orMissing(ensureTrivyChecks(new Progress(show)));
    return jest(show, "terraform", { environment, yields: true });
  },
};

/** Two test files at a time: most of a deployment is waiting, and more clusters would starve beside the other checks. */
export const endToEndTests = endToEnd("e2e", "real cdktf deploy, Docker and Ray", files.together, 2);

export const lateEndToEndTests = endToEnd(
  "e2e-late",
  "one more at a time, once the others have ended",
  files.late,
  1,
);

export const lonelyEndToEndTests = endToEnd("e2e-alone", "what wants the whole machine", files.alone, 1);

/**
 * Names, networks and ports of no two files are the same.
 *
 * @param names of files, in the order in which they start
 */
function endToEnd(name: string, title: string, names: readonly string[], atATime: number): Check {
  return {
    name,
    title: `Jest, end to end: ${title}`,
    run: async (show) => {
      places ??= makeReady(show);
      const environment = await orMissing(places);
      const words = [
        ...["--maxWorkers", String(atATime)],
        ...["--testPathPatterns", `/(${names.join("|")})\\.e2e`],
      ];
      return jest(show, "e2e", { environment, words });
    },
  };
}

let places: ReturnType<typeof makeReady> | undefined;

/** What all of them need, once; the variables for `init`. */
async function makeReady(show: Show): ReturnType<typeof providerEnvironment> {
  const engine = await findDocker();
  if (engine === undefined) {
    throw new Missing("no Docker daemon");
  }
  const progress = new Progress(show);
  // Clusters of a run that was killed start again with the engine, and compute.
  await new Docker().sweep(OF_TESTS);
  // What Go builds beside what Docker builds: the one waits for downloads while the other computes.
  const images = ensureImages(engine, progress);
  const programs = providerEnvironment(show).then(async (environment) => {
    await ensureTofu(progress);
    return environment;
  });
  const [environment] = await Promise.all([programs, images]);
  return environment;
}

/** Before the tests, since of two files that miss the same image, or moto, both would make it. */
async function ensureImages(engine: DockerEngine, progress: Progress): Promise<void> {
  for (const rayVersion of [undefined, OLDER_RAY, ROLL_RAY]) {
    await ensureEmulationImage(engine, progress, { rayVersion, withoutRegistry: DEBIAN_BASE });
  }
  for (const kind of MACHINE_KINDS) {
    await machineImage(kind);
  }
  await ensureVllmCpuImage(engine, progress, { withoutRegistry: DEBIAN_BASE });
  // Installs it where it is missing; what cannot be installed skips the tests that need it.
  MOTO.isMet();
}

/** Begins the names of containers, networks and volumes of these tests. */
const OF_TESTS = "e2e-";

/** Far beyond what any level takes: a level that hangs is a failure. */
const LEVEL_SECONDS = 5400;

interface JestOptions {
  readonly environment?: { readonly [name: string]: string | undefined };
  /**
   * Further arguments.
   *
   * @default - none
   */
  readonly words?: readonly string[];
  /**
   * Gives way to deployments, whose tests have deadlines.
   *
   * @default false
   */
  readonly yields?: boolean;
}

/** Runs one of Jest's projects. */
async function jest(show: Show, project: string, options: JestOptions): Promise<Counts> {
  const { environment = {}, words = [], yields = false } = options;
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-jest-"));
  try {
    const report = join(folder, "report.json");
    const program = join(ROOT, "node_modules", "jest", "bin", "jest.js");
    const command = [
      ...[process.execPath, program, "--selectProjects", project, "--json", "--outputFile", report],
      // Not in TMPDIR, where it would be gone at the next run.
      ...["--cacheDirectory", join(cacheFolder(), "jest")],
      // Beside deployments a second of computing may take many.
      ...["--testTimeout", String(TEST_SECONDS * 1000)],
      ...words,
    ];
    const [first = "", ...rest] = yields ? ["nice", "-n", NICENESS, ...command] : command;
    const outcome = await runShown(show, first, rest, {
      timeoutSeconds: LEVEL_SECONDS,
      // CDKTF's test helpers leave folders behind in there.
      environment: { ...environment, TMPDIR: folder },
    });
    if (!existsSync(report)) {
      throw new Error(`Jest ${howItEnded(outcome, { timeoutSeconds: LEVEL_SECONDS })}`);
    }
    return jestCounts(readFileSync(report, "utf8"));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Behind Ray's workers, which have 15: a deployment waits for them. */
const NICENESS = "19";

/** Of a test that names no other limit. */
const TEST_SECONDS = 60;

let providers: Promise<ProviderAccess> | undefined;

/** What makes `init` get the providers; our tests' own variable for a mirror has done its work by then. */
export async function providerEnvironment(
  show: Show,
): Promise<{ readonly [name: string]: string | undefined }> {
  // Two levels ask at the same time, and it may have to be built.
  providers ??= ensureProviders(["docker"], new Progress(show));
  const access = await orMissing(providers);
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
