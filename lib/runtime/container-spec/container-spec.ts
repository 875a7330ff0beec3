/**
 * The ONE description of a node's container. A backend translates it (a `docker_container`, an argv
 * of `docker run`) and adds nothing but what the place decides.
 */
export interface ContainerSpec {
  /** Name of the node, also the container's host name. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Environment of the container itself; nothing secret, nothing node-specific that is found on the node. */
  readonly environment: { readonly [name: string]: string };
  /** Files that must lie in the container before it starts. */
  readonly files: readonly ContainerFile[];
  readonly devices: readonly ContainerDevice[];
  readonly mounts: readonly ContainerMount[];
  /** Capabilities with the `CAP_` prefix. */
  readonly capabilities: readonly string[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly sharedMemoryMiB: number;
  readonly networkMode: "host" | "bridge";
  /** Docker runtime; `undefined`: the daemon's default. */
  readonly runtime?: string;
  readonly healthcheck: {
    readonly test: readonly string[];
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
    readonly retries: number;
    readonly startPeriodSeconds: number;
  };
  /** Grace between SIGTERM and SIGKILL. */
  readonly stopSeconds: number;
}

export interface ContainerMount {
  /** Path on the host. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Each machine's own disk: where one machine stands for many, each node must get one of its own. */
  readonly isPerNode?: boolean;
}

export interface ContainerFile {
  readonly path: string;
  /** Content as UTF-8 text. Constant files and `node.json`; never a secret. */
  readonly content: string;
}

export interface ContainerDevice {
  readonly hostPath: string;
  readonly containerPath: string;
}
