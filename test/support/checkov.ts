import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

interface Result {
  readonly check_id: string;
  readonly resource: string;
  readonly file_path: string;
}

interface Results {
  readonly passed_checks: readonly Result[];
  readonly failed_checks: readonly Result[];
}

/** What Checkov says of a stack. */
export interface CheckovReport {
  readonly passed: number;
  readonly findings: readonly PolicyFinding[];
}

/** What Checkov finds in each of some stacks, by their names; one run for all, since its start takes longest. */
export function checkov(stacks: { readonly [name: string]: Pick<Synthesized, "json"> }): {
  readonly [name: string]: CheckovReport;
} {
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-checkov-"));
  try {
    for (const [name, { json }] of Object.entries(stacks)) {
      // A folder each, so that no stack is judged by what lies in another; Checkov's reader stumbles over texts among the
      // locals.
      const readable = Object.entries(json).filter(([block]) => block !== "locals" && block !== "//");
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "cdk.tf.json"), JSON.stringify(Object.fromEntries(readable), null, 2));
    }
    const words = [
      "--framework",
      "terraform_json",
      "--skip-download",
      "--output",
      "json",
      "--directory",
      folder,
    ];
    const { stdout, stderr } = spawnSync(PROGRAM, words, { encoding: "utf8", maxBuffer: 256 * 1024 * 1024 });
    if (!stdout.trim().startsWith("{")) {
      throw new Error(`Checkov gave no report: ${stderr}`);
    }
    const { passed_checks: passed, failed_checks: failed } = JSON.parse(stdout).results as Results;
    const of = (name: string) => (check: Result) => check.file_path === `/${name}/cdk.tf.json`;
    const reports = Object.keys(stacks).map((name) => [
      name,
      {
        passed: passed.filter(of(name)).length,
        findings: failed.filter(of(name)).map((it) => ({ check: it.check_id, resource: it.resource })),
      },
    ]);
    return Object.fromEntries(reports);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
