import type { NodeConfig } from "../node-config/node-config";

/** What every container of a cluster has. */
export interface ContainerBase {
  /** Name of the node, also the container's host name. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  /** Environment of the container itself: nothing secret, and nothing that is discovered on the node. */
  readonly environment: { readonly [name: string]: string };
  /** Files that must be in the container before its command starts. */
  readonly files: readonly ContainerFile[];
  readonly networkMode: "host" | "bridge";
}

/** The one description of a node's container. A place adds only what it decides itself (`container-options.ts`). */
export interface ContainerSpec extends ContainerBase {
  /** The content of the file `node.json`, but for a place that delivers the workload apart (`withoutWorkload`). */
  readonly config: NodeConfig;
  readonly devices: readonly ContainerDevice[];
  readonly mounts: readonly ContainerMount[];
  /** Capabilities with the `CAP_` prefix. */
  readonly capabilities: readonly string[];
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly sharedMemoryMiB: number;
  /** `host`: shared memory and semaphores of the machine. @default - the container's own */
  readonly ipc?: "host";
  /** Whether the file system of the image cannot be written. @default - it can */
  readonly isRootReadOnly?: true;
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
  /** A folder of each machine's own disk. Where one machine runs several nodes, each node gets its own. */
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
