import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { CommandError } from "../base/command-error";
import { howItEnded, run } from "../base/process";

const GIT_SECONDS = 120;
const SYNTH_SECONDS = 900;

/** An app as it was synthesized at a commit. */
export interface Synthesized {
  /** Folder that cdktf has written. */
  readonly output: string;
  remove(): void;
}

/**
 * Synthesizes the app of the present folder as it was at a commit, with the packages that are installed now. The working
 * tree is not touched. An app with a script `build` is built first.
 *
 * @param ref commit, branch or tag
 * @throws CommandError if there is no such commit, or if it cannot be built or synthesized
 */
export async function synthesizedAt(ref: string): Promise<Synthesized> {
  const root = (await ask("git", ["rev-parse", "--show-toplevel"], GIT_SECONDS, ref)).trim();
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-review-"));
  const tree = join(folder, "tree");
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ask("git", ["worktree", "add", "--detach", "--quiet", tree, `${ref}^{commit}`], GIT_SECONDS, ref);
    try {
      const app = join(tree, relative(root, process.cwd()));
      if (existsSync("node_modules") && !existsSync(join(app, "node_modules"))) {
        symlinkSync(resolve("node_modules"), join(app, "node_modules"));
      }
      if (hasBuild(app)) {
        await ask("npm", ["--prefix", app, "run", "--silent", "build"], SYNTH_SECONDS, ref);
      }
      const output = join(folder, "out");
      await ask("npx", ["--prefix", app, "cdktf", "synth", "--output", output], SYNTH_SECONDS, ref, app);
      return { output, remove };
    } finally {
      await run("git", ["worktree", "remove", "--force", tree], { timeoutSeconds: GIT_SECONDS });
    }
  } catch (error) {
    remove();
    throw error;
  }
}

function hasBuild(app: string): boolean {
  const file = join(app, "package.json");
  const { scripts = {} } = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { scripts?: { build?: string } })
    : {};
  return scripts.build !== undefined;
}

async function ask(
  program: string,
  words: readonly string[],
  timeoutSeconds: number,
  ref: string,
  cwd?: string,
): Promise<string> {
  const options = { timeoutSeconds, cwd };
  const outcome = await run(program, words, options);
  if (outcome.exitCode !== 0) {
    throw new CommandError(
      `'${ref}' cannot be compared with: ${program} ${words[0]} ${howItEnded(outcome, options)}`,
      "Name a commit, a folder that cdktf has written (--against <folder>), or state.",
    );
  }
  return outcome.stdout;
}
