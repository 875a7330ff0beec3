import { run, runOrFail } from "./command";

/** One Docker daemon, through its own command line. */
export class Docker {
  /** @param host address of the daemon; `undefined`: the one of the environment */
  public constructor(public readonly host?: string) {}

  public async output(...args: readonly string[]): Promise<string> {
    return (await runOrFail("docker", this.arguments(args), { timeoutSeconds: 120 })).trim();
  }

  /** stdout and stderr, whatever the exit code. */
  public async everything(...args: readonly string[]): Promise<string> {
    return (await run("docker", this.arguments(args), { timeoutSeconds: 120 })).output;
  }

  /** `docker inspect` of one container. */
  public async inspect(container: string): Promise<Inspected> {
    const found = JSON.parse(await this.output("inspect", "--type", "container", container)) as Inspected[];
    return found[0];
  }

  /** Names of all containers whose name begins with `prefix`, stopped ones too. */
  public async containers(prefix: string): Promise<string[]> {
    return this.names(prefix, "ps", "--all", "--format", "{{.Names}}");
  }

  public async networks(prefix: string): Promise<string[]> {
    return this.names(prefix, "network", "ls", "--format", "{{.Name}}");
  }

  public async volumes(prefix: string): Promise<string[]> {
    return this.names(prefix, "volume", "ls", "--format", "{{.Name}}");
  }

  /** Everything that a cluster of this name has left on the daemon. */
  public async leftovers(cluster: string): Promise<string[]> {
    return [
      ...(await this.containers(cluster)),
      ...(await this.networks(cluster)),
      ...(await this.volumes(cluster)),
    ];
  }

  /** Takes away what a failed test has left. */
  public async sweep(cluster: string): Promise<void> {
    const removed = (await this.containers(cluster)).map(async (name) => {
      await this.everything("unpause", name);
      await this.everything("rm", "--force", "--volumes", name);
    });
    await Promise.all(removed);
    for (const name of await this.networks(cluster)) {
      await this.everything("network", "rm", name);
    }
    for (const name of await this.volumes(cluster)) {
      await this.everything("volume", "rm", name);
    }
  }

  private arguments(args: readonly string[]): string[] {
    return [...(this.host === undefined ? [] : ["--host", this.host]), ...args];
  }

  private async names(prefix: string, ...args: readonly string[]): Promise<string[]> {
    const lines = (await this.output(...args)).split("\n");
    return lines.filter((name) => name === prefix || name.startsWith(`${prefix}-`)).sort();
  }
}

/** What these tests read of `docker inspect`. */
export interface Inspected {
  readonly Id: string;
  /** Id of its image. */
  readonly Image: string;
  readonly Name: string;
  readonly RestartCount: number;
  readonly State: {
    readonly Pid: number;
    readonly Status: string;
    readonly StartedAt: string;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly HostConfig: {
    readonly PortBindings: {
      readonly [port: string]: readonly { HostIp: string; HostPort: string }[];
    } | null;
  };
}
