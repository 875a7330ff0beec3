import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, runOrFail } from "./command";
import { Docker } from "./docker";

/**
 * A Docker daemon of the test's own, with everything apart from the machine's: folders, socket, and a
 * network namespace, since two daemons in one would rewrite each other's packet filter. May be stopped at will.
 */
export class OwnDaemon {
  private readonly folder = mkdtempSync(join(tmpdir(), "e2e-dockerd-"));
  private process?: ChildProcess;

  public readonly host = `unix://${join(this.folder, "docker.sock")}`;
  public readonly docker = new Docker(this.host);

  /** @param network its default network: builds need one; clusters make their own */
  public constructor(private readonly network: "bridge" | "none" = "none") {}

  public async start(): Promise<void> {
    const at = (name: string): string => join(this.folder, name);
    const folders = ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid")];
    const log = openSync(at("log"), "a");
    this.process = spawn(
      "unshare",
      ["--net", "sh", "-c", START, "sh", ...folders, "--host", this.host, ...this.bridge()],
      { stdio: ["ignore", log, log] },
    );
    closeSync(log);
    try {
      await eventually("the daemon answers", 60, () => this.docker.output("version"));
    } catch (error) {
      throw new Error(`${String(error)}\n${readFileSync(at("log"), "utf8").slice(-4000)}`, { cause: error });
    }
  }

  private bridge(): string[] {
    return this.network === "none" ? ["--bridge", "none"] : [];
  }

  /** As a person or a package update does it: the daemon stops its containers and ends. */
  public async stop(): Promise<void> {
    const { process } = this;
    if (process === undefined || process.exitCode !== null) {
      return;
    }
    process.kill("SIGTERM");
    await eventually("the daemon has ended", 90, async () => (process.exitCode === null ? undefined : true));
  }

  /** Copies an image from the machine's daemon. */
  public async load(image: string): Promise<void> {
    const file = join(this.folder, "image.tar");
    await runOrFail("docker", ["save", "--output", file, image], { timeoutSeconds: 180 });
    await this.docker.output("load", "--input", file);
    rmSync(file);
  }

  public async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const START = 'ip link set lo up && exec dockerd "$@"';
