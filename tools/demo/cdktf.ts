import { createWriteStream, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../lib/cli/base/cache-folder";
import { CommandError } from "../../lib/cli/base/command-error";
import { type Outcome, run, runOrFail } from "../../lib/cli/base/process";
import type { ProviderAccess } from "../supply/provider-access";

/** What is read of `cdktf.json`. */
interface CdktfSettings {
  readonly context?: { readonly [key: string]: unknown };
}

/** The app of this repository and the CDKTF commands that work on it. */
export class CdktfApp {
  public readonly root: string;
  private readonly program: string;

  /** @throws CommandError if the folder is no clone of this repository with its packages installed */
  public constructor(root: string = process.cwd()) {
    this.root = root;
    this.program = join(root, "node_modules", "cdktf-cli", "bundle", "bin", "cdktf");
    if (!existsSync(join(root, "cdktf.json")) || !existsSync(this.program)) {
      throw new CommandError(
        `${root} holds no CDKTF app with cdktf-cli installed`,
        "Run this in a clone of the repository: npm run demo.",
      );
    }
  }

  /** Writes `cdktf.out`, without the CDKTF command line, whose own start takes far longer. */
  public async synthesize(): Promise<void> {
    const { context = {} } = JSON.parse(readFileSync(join(this.root, "cdktf.json"), "utf8")) as CdktfSettings;
    await runOrFail(process.execPath, [join("dist", "main.js")], {
      cwd: this.root,
      // As that command line hands it to the app.
      environment: { CDKTF_CONTEXT_JSON: JSON.stringify(context) },
    });
  }

  /**
   * `cdktf deploy` or `cdktf destroy`, as a person calls it. Its whole output goes to a log file.
   *
   * @param onLine is given every line, without colours and without the name of the stack before it
   */
  public async change(
    action: "deploy" | "destroy",
    stack: string,
    access: ProviderAccess,
    limits: { readonly timeoutSeconds: number; readonly onLine: (line: string) => void },
  ): Promise<CdktfOutcome> {
    const logFile = join(cacheFolder(), "logs", `${action}-${stack}.log`);
    mkdirSync(join(cacheFolder(), "logs"), { recursive: true });
    const log = createWriteStream(logFile);
    const lines: string[] = [];
    const outcome = await run(
      process.execPath,
      [this.program, action, stack, "--auto-approve", "--skip-provider-lock", "--no-color"],
      {
        cwd: this.root,
        timeoutSeconds: limits.timeoutSeconds,
        environment: {
          ...access.environment,
          CHECKPOINT_DISABLE: "1",
          // A link to a mirror in the plugin cache would outlive the mirror.
          CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
        },
        onLine: (line) => {
          const text = plain(line, stack);
          lines.push(text);
          log.write(`${text}\n`);
          limits.onLine(text);
        },
      },
    );
    log.end();
    return { ...outcome, lines, logFile };
  }
}

export interface CdktfOutcome extends Outcome {
  /** What was printed, as `onLine` was given it. */
  readonly lines: readonly string[];
  /** Path of the file with everything that was printed. */
  readonly logFile: string;
}

/** A line of CDKTF's output without colours, cursor movements and the stack's name in front. */
export function plain(line: string, stack: string): string {
  const text = line.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
  return (text.startsWith(`${stack} `) ? text.slice(stack.length) : text).trim();
}
