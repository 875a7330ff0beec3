import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import type { Requirement } from "./requirements";
import type { Synthesized } from "./synth";

const REQUIREMENTS = join(__dirname, "../terraform/aws/checkov-requirements.txt");
const FOLDER = join(cacheFolder(), "checkov", inputsKey(readFileSync(REQUIREMENTS, "utf8")));
const PROGRAM = join(FOLDER, "bin", "checkov");
const INSTALL_SECONDS = 600;

/** Checkov, pinned, in a virtual environment that stays in the cache. */
export const CHECKOV: Requirement = {
  what: "Checkov (test/terraform/aws/checkov-requirements.txt, by pip)",
  isMet: () => {
    if (existsSync(join(FOLDER, "ready"))) {
      return true;
    }
    const options = { stdio: "ignore", timeout: INSTALL_SECONDS * 1000 } as const;
    try {
      execFileSync("python3", ["-m", "venv", "--clear", FOLDER], options);
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
      execFileSync(join(FOLDER, "bin", "python"), pip, options);
      writeFileSync(join(FOLDER, "ready"), "");
      return true;
    } catch {
      return false;
    }
  },
};

/** One thing that Checkov does not like. */
export interface PolicyFinding {
  readonly check: string;
  readonly resource: string;
}

/** What Checkov finds in a stack, and how many checks it passes. */
export function checkov(stack: Synthesized): { readonly passed: number; readonly findings: PolicyFinding[] } {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-checkov-"));
  try {
    const file = join(folder, "cdk.tf.json");
    // Checkov's reader stumbles over texts among the locals.
    const readable = Object.entries(stack.json).filter(([block]) => block !== "locals" && block !== "//");
    writeFileSync(file, JSON.stringify(Object.fromEntries(readable), null, 2));
    const words = ["--framework", "terraform_json", "--skip-download", "--output", "json", "--file", file];
    const { stdout, stderr } = spawnSync(PROGRAM, words, { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
    if (!stdout.trim().startsWith("{")) {
      throw new Error(`Checkov gave no report: ${stderr}`);
    }
    const report = JSON.parse(stdout);
    return {
      passed: report.summary.passed,
      findings: report.results.failed_checks.map((found: any) => ({
        check: found.check_id,
        resource: found.resource,
      })),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
