import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Requirement } from "../../support/requirements";
import { eventually } from "./command";
import type { Docker } from "./docker";

/** git with the server that comes with it. */
export const GIT: Requirement = {
  what: "git daemon",
  isMet: () => {
    try {
      const folder = execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim();
      return existsSync(join(folder, "git-daemon"));
    } catch {
      return false;
    }
  },
};

const PORT = 9439;

/** One small repository, served on this machine where the builds of containers reach it. */
export class GitServer {
  private readonly root = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-git-"));
  private process?: ChildProcess;
  private address = "";

  public constructor(private readonly name: string) {
    mkdirSync(this.folder);
    this.git("init", "--quiet");
  }

  public get url(): string {
    return `git://${this.address}:${PORT}/${this.name}`;
  }

  /** @returns the id of a commit that no branch ends with, so that a server need not give it alone */
  public commit(files: { readonly [path: string]: { readonly from: string } | string }): string {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.folder, path);
      mkdirSync(dirname(target), { recursive: true });
      if (typeof content === "string") {
        writeFileSync(target, content);
      } else {
        cpSync(content.from, target);
      }
    }
    this.git("add", "--all");
    this.git("commit", "--quiet", "--message", "a state");
    const id = this.git("rev-parse", "HEAD");
    this.git("commit", "--quiet", "--allow-empty", "--message", "a later one");
    return id;
  }

  public async start(docker: Docker): Promise<void> {
    const format = "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}";
    const found = await docker.output("network", "inspect", "bridge", "--format", format);
    this.address = found.replace(/0\/\d+$/, "1");
    const place = [`--listen=${this.address}`, `--port=${PORT}`, "--reuseaddr"];
    this.process = spawn("git", ["daemon", ...place, "--export-all", `--base-path=${this.root}`, this.root], {
      stdio: "ignore",
    });
    await eventually("git answers", 20, () => listens(this.address, PORT));
  }

  public remove(): void {
    this.process?.kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  private get folder(): string {
    return join(this.root, this.name);
  }

  private git(...args: readonly string[]): string {
    const who = ["-c", "user.name=e2e", "-c", "user.email=e2e@example.org"];
    return execFileSync("git", [...who, ...args], { cwd: this.folder, encoding: "utf8" }).trim();
  }
}

function listens(host: string, port: number): Promise<true> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", reject);
  });
}
