/** A folder or file of the machines in every container, besides the storage. */
export interface ExtraMount {
  /** Absolute path on every machine; it must exist there. */
  readonly hostPath: string;
  /**
   * Absolute path in the containers.
   *
   * @default - the path on the machine
   */
  readonly mountPath?: string;
  /** @default true */
  readonly readOnly?: boolean;
}

/** Whose shared memory and semaphores a container sees. */
export enum IpcMode {
  /** Its own. */
  PRIVATE = "private",
  /** Those of the machine, as profilers and some RDMA tools need it; the size of `/dev/shm` is the machine's. */
  HOST = "host",
}
