/** How a deployment finds out that the cluster serves, from the machine that Terraform runs on. */
export type ReadinessKind = "api" | "ssh";

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
 * What an apply waits for. It runs where Terraform runs, and needs no access to the machines but the one that it names.
 */
export class ReadinessCheck {
  /**
   * A completion of the engine's own API, asked for again and again until it comes or the deadline has passed. Needs Node
   * where Terraform runs, as `cdktf` does.
   *
   * @param url base URL by which the machine of Terraform reaches the head, e.g. with its public address; may be a
   * reference. Default: the head's address on the cluster network, and the engine's port
   */
  public static api(url?: string): ReadinessCheck {
    return new ReadinessCheck("api", url);
  }

  /**
   * What the cluster itself says on the head's machine: a failure names the culprit, with its last lines. Needs ssh where
   * Terraform runs.
   *
   * @param host what you would write after `ssh`; may be a reference. Default: the head's address on the cluster network
   */
  public static ssh(host?: string, options: SshReadinessOptions = {}): ReadinessCheck {
    return new ReadinessCheck("ssh", undefined, host, options);
  }

  private constructor(
    public readonly kind: ReadinessKind,
    /** @default - the head's address on the cluster network */
    public readonly url?: string,
    /** @default - the head's address on the cluster network */
    public readonly sshHost?: string,
    /** @default - those of ssh itself */
    public readonly ssh?: SshReadinessOptions,
  ) {}
}
