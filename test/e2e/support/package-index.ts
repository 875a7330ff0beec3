import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Requirement } from "../../support/requirements";

/** Small, without needs of its own, and in no image of ours. */
export const SMALL_PACKAGE = { name: "iniconfig", version: "2.1.0" };

const PIN = `${SMALL_PACKAGE.name}==${SMALL_PACKAGE.version}`;
/** What an image's build must know of the host's pip; folders of the host mean nothing there. */
const SETTINGS =
  /^(?:global|site|user|install|download|:env:)\.(index-url|extra-index-url|trusted-host|proxy|cert)='(.*)'$/;

export const PACKAGE_INDEX: Requirement = {
  what: `package index that the host's pip reaches (python3 -m pip download ${PIN})`,
  isMet: () => {
    const folder = mkdtempSync(join(tmpdir(), "ray-cluster-requirement-"));
    try {
      pip("download", "--quiet", "--no-deps", "--dest", folder, PIN);
      return true;
    } catch {
      return false;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** How the host's pip reaches its index. */
export interface HostPip {
  /** Lines of a configuration file. */
  readonly lines: readonly string[];
  /** Its file of certificate authorities. */
  readonly certificates?: string;
  /** Folder of the pip package itself. */
  readonly folder: string;
}

/** Of a host without pip, nothing: who needs more asks for `PACKAGE_INDEX`. */
export function hostPip(): HostPip {
  try {
    return readHostPip();
  } catch {
    return { lines: [], folder: "" };
  }
}

function readHostPip(): HostPip {
  const found = new Map<string, string>();
  for (const line of pip("config", "list").split("\n")) {
    const [, name, value] = SETTINGS.exec(line) ?? [];
    // The variables come first, and win.
    if (name !== undefined && !found.has(name)) {
      found.set(name, value);
    }
  }
  const { cert, ...others } = Object.fromEntries(found);
  return {
    lines: Object.entries(others).map(([name, value]) => `${name} = ${value}`),
    certificates: cert,
    folder: python("import os, pip; print(os.path.dirname(os.path.realpath(pip.__file__)))").trim(),
  };
}

function pip(...args: readonly string[]): string {
  return execFileSync("python3", ["-m", "pip", "--disable-pip-version-check", ...args], {
    encoding: "utf8",
    timeout: 120_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
}

function python(program: string): string {
  return execFileSync("python3", ["-c", program], { encoding: "utf8", timeout: 30_000 });
}
