import { readFileSync, rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Check, Missing, single, sum } from "./check";
import { rayVersionOf } from "../../lib/catalog/ray-versions";
import { developmentPython, pythonWithRay } from "./development-python";
import { runShown } from "./program";
import { junitCounts } from "./reports";

/** Where Python lies. */
const PLACES = ["lib", "stacks", "test", "tools"];

/** Far beyond what they take together. */
const LEVEL_SECONDS = 2400;

/** The one whose sockets the catalogue has for all that are older than the emulation image's. */
const OLDER_RAY = "2.47.1";

/** Tests of the node program wait more than they compute; more of them would starve the deployments beside them. */
const WORKERS = "2";

export const ruff: Check = {
  name: "ruff",
  title: "ruff, every Python file",
  run: async (show) => {
    const python = await developmentPython();
    const check = await runShown(show, python, ["-m", "ruff", "check", ...PLACES]);
    const format = await runShown(show, python, ["-m", "ruff", "format", "--check", ...PLACES]);
    return sum([single(check.exitCode === 0), single(format.exitCode === 0)]);
  },
};

export const mypy: Check = {
  name: "mypy",
  title: "mypy --strict, every Python file",
  run: async (show) =>
    single((await runShown(show, await developmentPython(), ["-m", "mypy"])).exitCode === 0),
};

export const imports: Check = {
  name: "imports",
  title: "import-linter, the rooms of the node program",
  run: async (show) => {
    const linter = join(dirname(await developmentPython()), "lint-imports");
    const options = { environment: { PYTHONPATH: "lib/runtime" } };
    return single((await runShown(show, linter, ["--no-cache", "--no-logo"], options)).exitCode === 0);
  },
};

/** Programs that attack the node program, in namespaces of their own. */
export const attacks: Check = {
  name: "attacks",
  title: "attacks on the node program, in their short form",
  run: async (show) => {
    const python = await developmentPython();
    if (process.getuid?.() !== 0) {
      throw new Missing("no root, for network namespaces");
    }
    const rays = await Promise.all([OLDER_RAY, rayVersionOf("emulation")].map(pythonWithRay));
    const options = { environment: { RAY_PYTHONS: rays.join(":") } };
    const outcome = await runShown(show, python, ["test/attacks/run.py"], options);
    const counts = /^(\d+) survived, (\d+) broken$/m.exec(outcome.stdout);
    return counts === null
      ? single(false)
      : {
          passed: Number(counts[1]),
          failed: Number(counts[2]),
          skipped: 0,
          failures: outcome.stdout.match(/^BROKEN .*$/gm) ?? [],
        };
  },
};

export const pythonTests: Check = {
  name: "python",
  title: "pytest, the programs in the containers",
  run: async (show) => {
    const python = await developmentPython();
    const folder = mkdtempSync(join(tmpdir(), "ray-cluster-pytest-"));
    try {
      const report = join(folder, "report.xml");
      const command = ["-m", "pytest", "--numprocesses", WORKERS, `--junit-xml=${report}`];
      await runShown(show, python, command, { timeoutSeconds: LEVEL_SECONDS });
      return junitCounts(readFileSync(report, "utf8"));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};
