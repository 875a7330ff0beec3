import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
const POLL_MS = 200;

/** The Docker command line for the containers of one bench: on one network, removed together. */
export class DockerHost {
  private readonly containers: string[] = [];

  public constructor(
    public readonly name: string,
    private readonly subnet: string,
  ) {}

  /** Network and volume. */
  public async prepare(): Promise<void> {
    await docker("network", "create", "--subnet", this.subnet, this.name);
    await docker("volume", "create", this.name);
  }

  public async create(
    node: string,
    address: string,
    options: readonly string[],
    image: string,
    command: readonly string[],
  ): Promise<void> {
    const place = [`--name=${this.container(node)}`, `--hostname=${node}`, `--network=${this.name}`];
    await docker("create", ...place, `--ip=${address}`, ...options, image, ...command);
    this.containers.push(this.container(node));
  }

  /** A file, or the content of a folder (`<folder>/.`), to the root of the container. */
  public async copyInto(node: string, path: string): Promise<void> {
    await docker("cp", path, `${this.container(node)}:/`);
  }

  /** All at once: one `docker start` with many names starts them one after the other. */
  public async startAll(): Promise<void> {
    await Promise.all(this.containers.map((container) => docker("start", container)));
  }

  /** Epoch seconds of the first start. */
  public async firstStart(): Promise<number> {
    const text = await docker("inspect", "--format={{.State.StartedAt}}", ...this.containers);
    const starts = text.trim().split("\n");
    return Math.min(...starts.map((start) => new Date(start).getTime())) / 1000;
  }

  public exec(node: string, ...command: readonly string[]): Promise<string> {
    return docker("exec", this.container(node), ...command);
  }

  public logs(node: string): Promise<string> {
    return docker("logs", this.container(node));
  }

  /** Asks until there is an answer; an error counts as none yet. */
  public async poll(timeoutSeconds: number, ask: () => Promise<number | undefined>): Promise<number> {
    const end = Date.now() + timeoutSeconds * 1000;
    while (Date.now() < end) {
      const answer = await ask().catch(() => undefined);
      if (answer !== undefined) {
        return answer;
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw new Error(`${this.name}: no answer after ${timeoutSeconds} s`);
  }

  /** Also what an interrupted run has left. */
  public async clean(): Promise<void> {
    const found = await docker("ps", "--all", "--quiet", `--filter=network=${this.name}`);
    const ids = [...new Set([...found.split("\n"), ...this.containers])].filter((id) => id !== "");
    await docker("rm", "--force", ...ids).catch(() => undefined);
    await docker("volume", "rm", this.name).catch(() => undefined);
    await docker("network", "rm", this.name).catch(() => undefined);
  }

  private container(node: string): string {
    return `${this.name}-${node}`;
  }
}

async function docker(...args: readonly string[]): Promise<string> {
  const { stdout } = await execute("docker", args);
  return stdout;
}
