import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import type { DerivedImagePlan } from "../topology/declaration/derived-image";

/**
 * What a machine does at every boot, as plain data. Nothing here depends on the provider: what differs between places is
 * a source, a program of the place that prints a value.
 */
export interface BootSpec {
  readonly container: ContainerSpec;
  /** Source of the bundle. @default - it is part of the boot, whose size must not be limited then */
  readonly program?: BootSource;
  /** @default - none */
  readonly mounts?: readonly BootMount[];
  /** Secrets in memory, for the container or for `ContainerSpec.mounts`. @default - none */
  readonly secrets?: readonly BootSecret[];
  /** Folder of the machine's own disks, which another service mounts. @default - the boot waits for none */
  readonly diskFolder?: string;
  /** Device nodes to count before the container starts. @default - none are counted */
  readonly devices?: readonly BootDevices[];
  /** What `check-machine.sh` compares the machine with; see `machineFacts`. @default - nothing */
  readonly facts?: readonly string[];
  /** What `packet-filter.sh` closes; see `filterFacts`. @default - something else closes the ports */
  readonly filter?: readonly string[];
  /** @default - the image is public, or the machine image can pull it */
  readonly registry?: BootRegistry;
  /** How this machine builds `ContainerSpec.image`. @default - it is pulled */
  readonly build?: DerivedImagePlan;
  /** Files that are staged to the machine's own disk before the container starts. @default - none */
  readonly stages?: readonly BootStage[];
  /** Where the machine signals whether the cluster serves. @default - nowhere */
  readonly announce?: BootAnnounce;
  /**
   * Takes log events as a JSON list on standard input; the name of a stream, `ROLE/MACHINE`, is a further argument.
   *
   * @default - logs stay on the machine
   */
  readonly logs?: BootSource;
  /** Packages of the distribution that the first boot installs, e.g. `nfs-common`. @default - none */
  readonly packages?: readonly string[];
  /** Further files of the place, e.g. its sources. @default - none */
  readonly files?: readonly BootFile[];
}

/** A program below `sources/` and its arguments; it prints the value. */
export interface BootSource {
  /** File name of the program below `sources/`. */
  readonly name: string;
  /** Without spaces; may contain references. */
  readonly arguments: readonly string[];
}

export interface BootSecret {
  /** Name of the file, e.g. `ray-token`. */
  readonly name: string;
  readonly source: BootSource;
  /** Of a model's source: the head's container takes it away at each start. @default false */
  readonly isOfSource?: boolean;
}

/** A registry that requires a login. */
export interface BootRegistry {
  readonly host: string;
  readonly user: string;
  /** Source of the password. */
  readonly source: BootSource;
}

export interface BootDevices {
  /** One word for messages, e.g. `EFA-devices`. */
  readonly name: string;
  readonly count: number;
  readonly glob: string;
}

/** One file system, as a systemd unit mounts it. */
export interface BootMount {
  /** What is mounted; may contain references. */
  readonly source: string;
  /** Absolute path on the machine. */
  readonly hostPath: string;
  /** E.g. `lustre`, `nfs4`. */
  readonly type: string;
  /** Options of `mount`, e.g. `ro`. */
  readonly options: readonly string[];
  /** Systemd units that must run first. */
  readonly after: readonly string[];
  /** Files that the mount needs on the machine, e.g. a unit of `after` and its program. @default - none */
  readonly files?: readonly BootFile[];
}

/** A program below `sources/` that fills a folder and can resume an earlier attempt. */
export interface BootStage {
  /** Gets the folder as its last argument. */
  readonly source: BootSource;
  /** Absolute path on the machine. */
  readonly folder: string;
}

/** A readiness signal: one JSON object, put to a URL. */
export interface BootAnnounce {
  /**
   * Prints one line: the signal URL, the number of the workload that the signal is about, for how many seconds the head may
   * try, from the time that it knows them, and then, if there is more, the last line of a failure: what goes on, and how it is
   * stopped. Fails as long as nothing waits for a signal. The URL is a secret: it lets anybody signal.
   */
  readonly source: BootSource;
  /**
   * Prints another URL, to which the head says that it has booted, so that a deployment does not wait long for a machine that
   * cannot speak. @default - the head does not say it
   */
  readonly booted?: BootSource;
  /** Prints a workload; the name of its file, its number and `.json`, is a further argument. */
  readonly workloads: BootSource;
  /** How long a boot may fail before the machine signals it. @default 900 */
  readonly bootSeconds?: number;
  /** How the head ends the machines of a cluster that has never served. @default - they go on */
  readonly stop?: BootStop;
}

export interface BootStop {
  /** Ends the machines, that of the head last. */
  readonly source: BootSource;
  /** For how long nothing may ask for a signal, from the start of the machine, until it ends them. */
  readonly unaskedSeconds: number;
}

/** A file that the boot writes on the machine. */
export interface BootFile {
  /** Absolute path on the machine. */
  readonly path: string;
  /** Text of the file; no secret. */
  readonly content: string;
  /** @default '0644' */
  readonly mode?: string;
}

/** A boot that cannot be rendered. */
export class BootError extends Error {
  public constructor(what: string) {
    super(`cannot render the boot of a node: ${what}`);
    this.name = "BootError";
  }
}
