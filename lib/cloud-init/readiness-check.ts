/** How a deployment finds out that the cluster serves, from the machine that Terraform runs on. */
export type ReadinessKind = "http" | "ssh";

/** How the head's machine is reached by ssh. */
export interface SshReadinessOptions {
  /**
   * User of ssh: root, or a member of the group `docker`.
   *
   * @default 'root'
   */
  readonly user?: string;
  /** @default 22 */
  readonly port?: number;
  /**
   * Options of ssh as in its configuration file, e.g. `IdentityFile=~/.ssh/cluster`.
   *
   * @default - none but your own configuration
   */
  readonly sshOptions?: readonly string[];
}

/**
 * What an apply waits for: the verdict of the cluster's head, the same as that of `ray_node wait`. Whoever asks for it runs
 * where Terraform runs, and needs no access to the machines but the one named here.
 *
 * @example
 * ReadinessCheck.ssh("bastion.example", { user: "root" });
 */
export class ReadinessCheck {
  /**
   * Asks for the verdict over HTTP: `GET /ready` at the head's report port, without authentication. Needs curl where
   * Terraform runs.
   *
   * @param url base URL by which the machine of Terraform reaches the head's report port (`node-report` among
   * `plan.ports`, 6378), e.g. the local end of a tunnel to it; may be a reference. Default: the head's address on the
   * cluster network
   */
  public static http(url?: string): ReadinessCheck {
    return new ReadinessCheck("http", url);
  }

  /**
   * Brings the workload to the head and asks for its verdict on the head's machine, over ssh: no machine boots with the
   * workload, and another one replaces none. Before the head's container runs, it reports what the boot lacks. Needs ssh
   * where Terraform runs.
   *
   * @param host what follows `ssh` on the command line; may be a reference. Default: the head's address on the cluster network
   */
  public static ssh(host?: string, { user, port, sshOptions }: SshReadinessOptions = {}): ReadinessCheck {
    return new ReadinessCheck("ssh", undefined, host, user, port, sshOptions);
  }

  private constructor(
    /** How the verdict is asked for. */
    public readonly kind: ReadinessKind,
    /** @default - the head's address on the cluster network */
    public readonly url?: string,
    /** @default - the head's address on the cluster network */
    public readonly sshHost?: string,
    /** User of ssh. @default 'root' */
    public readonly user?: string,
    /** Port of ssh. @default 22 */
    public readonly port?: number,
    /** Options of ssh as in its configuration file. @default - none but your own configuration */
    public readonly sshOptions?: readonly string[],
  ) {}
}
