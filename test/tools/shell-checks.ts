import { openSync, readdirSync, readSync, closeSync, statSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lib/cli/base/process";
import { type Check, Missing, single } from "./check";
import { ROOT, runShown } from "./program";
import { tapCounts } from "./reports";

/** What others made, or what is made from what lies here. */
const NOT_OURS = new Set(["node_modules", "dist", "cdktf.out", ".git", "coverage"]);
const SHELL = /^#!.*\b(ba|da)?sh\b|^#!.*\bbats\b/;

export const shellcheck: Check = {
  name: "shellcheck",
  title: "shellcheck, every shell file",
  run: async (show) => {
    await requireProgram("shellcheck");
    const files = filesBelow(".").filter(isShell);
    files.forEach((file) => show(file));
    return single((await runShown(show, "shellcheck", ["--external-sources", ...files])).exitCode === 0);
  },
};

export const bats: Check = {
  name: "bats",
  title: "bats, the scripts of the host",
  run: async (show) => {
    await requireProgram("bats");
    const outcome = await runShown(show, "bats", ["--formatter", "tap", "--recursive", "test"]);
    return tapCounts(outcome.stdout);
  },
};

async function requireProgram(name: string): Promise<void> {
  if ((await run(name, ["--version"])).missing) {
    throw new Missing(`no ${name}`);
  }
}

/** By its first line, whatever its name is: a script without `.sh` is a script too. */
function isShell(path: string): boolean {
  const buffer = Buffer.alloc(80);
  const file = openSync(join(ROOT, path), "r");
  try {
    return SHELL.test(buffer.toString("utf8", 0, readSync(file, buffer)).split("\n")[0] ?? "");
  } finally {
    closeSync(file);
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = join(folder, name);
    if (NOT_OURS.has(name)) {
      return [];
    }
    return statSync(join(ROOT, path)).isDirectory() ? filesBelow(path) : [path];
  });
}
