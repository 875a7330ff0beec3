/** A folder that is mounted into every container of the cluster. */
export interface IStorage {
  /** Absolute path of the folder on the machines. */
  readonly hostPath: string;
  /** Absolute path of the folder in the containers. */
  readonly mountPath: string;
  /** Whether all machines see the same files; else each has its own. */
  readonly isShared: boolean;
}

/** Options of a folder of the machines. */
export interface HostPathStorageProps {
  /**
   * Absolute path of the folder in the containers.
   *
   * @default '/models'
   */
  readonly mountPath?: string;
}

/**
 * An existing folder of the machines.
 *
 * @example
 * HostPathStorage.shared("/mnt/models", { mountPath: "/models" });
 */
export class HostPathStorage implements IStorage {
  /**
   * A folder on storage that all machines share, for example a mounted network file system.
   *
   * @param hostPath absolute path, the same on all machines
   */
  public static shared(hostPath: string, props: HostPathStorageProps = {}): HostPathStorage {
    return new HostPathStorage(hostPath, props.mountPath ?? "/models", true);
  }

  /**
   * A folder on each machine's own disk. The local backend, where all machines are one, gives each node a Docker
   * volume instead.
   *
   * @param hostPath absolute path; default: `/var/lib/ray-cluster/models`
   */
  public static perNode(hostPath?: string, props: HostPathStorageProps = {}): HostPathStorage {
    return new HostPathStorage(
      hostPath ?? "/var/lib/ray-cluster/models",
      props.mountPath ?? "/models",
      false,
    );
  }

  private constructor(
    public readonly hostPath: string,
    public readonly mountPath: string,
    public readonly isShared: boolean,
  ) {}
}
