import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Check, single, sum } from "./check";
import { developmentPython } from "./development-python";
import { ROOT, runShown } from "./program";
import { unittestCounts } from "./reports";

/** Folders that are on the path where the programs run. */
const PROGRAMS = [
  "lib/runtime",
  "lib/bootstrap/rootfs/usr/local/lib/ray-cluster",
  "lib/engines/emulated",
  "lib/cli",
  "lib/topology/derived-image",
  "lib/docker/vllm-cpu",
];
/** Programs for users, which nothing else imports. */
const EXAMPLES = ["stacks/inference_test", "stacks/sources"];

/** Where Python lies. */
const PLACES = ["lib", "stacks", "test"];

export const ruff: Check = {
  name: "ruff",
  title: "ruff, every Python file",
  run: async () => {
    const python = await developmentPython();
    const check = await runShown(python, ["-m", "ruff", "check", ...PLACES]);
    const format = await runShown(python, ["-m", "ruff", "format", "--check", ...PLACES]);
    return sum([single(check.exitCode === 0), single(format.exitCode === 0)]);
  },
};

export const mypy: Check = {
  name: "mypy",
  title: "mypy --strict, every Python file",
  run: async () => {
    const python = await developmentPython();
    const folders = [...PROGRAMS, ...EXAMPLES, ...pythonFolders()];
    const environment = { MYPYPATH: folders.join(delimiter) };
    return single(
      (await runShown(python, ["-m", "mypy", "--strict", ...folders], { environment })).exitCode === 0,
    );
  },
};

export const pythonTests: Check = {
  name: "python",
  title: "unittest, the programs in the containers",
  run: async () => {
    const python = await developmentPython();
    const environment = { PYTHONPATH: PROGRAMS.map((folder) => join(ROOT, folder)).join(delimiter) };
    const counts = [];
    for (const folder of pythonFolders().filter(hasTests)) {
      const outcome = await runShown(python, ["-m", "unittest", "discover", "-s", folder], { environment });
      counts.push(unittestCounts(`${outcome.stdout}\n${outcome.stderr}`));
    }
    return sum(counts);
  },
};

/** Tests and tools that are written in Python. */
function pythonFolders(): string[] {
  return readdirSync(join(ROOT, "test"))
    .map((folder) => join("test", folder, "python"))
    .filter((folder) => existsSync(join(ROOT, folder)));
}

function hasTests(folder: string): boolean {
  return readdirSync(join(ROOT, folder)).some((name) => /^test_.*\.py$/.test(name));
}
