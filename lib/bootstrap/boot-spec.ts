import type { ContainerSpec } from "../runtime/container-spec/container-spec";

/**
 * What a machine does at every boot, as plain data. Nothing in here knows whose machine it is: what differs from
 * place to place is a source, a program that prints something and that the place brings.
 */
export interface BootSpec {
  readonly container: ContainerSpec;
  /** Where the container's constant files come from; `node.json` is always a part of the boot itself. */
  readonly program: BootProgram;
  /** @default - none */
  readonly mounts?: readonly BootMount[];
  /** Secrets in memory, for the container or for `ContainerSpec.mounts`. @default - none */
  readonly secrets?: readonly BootSecret[];
  /** Folder of the machine's own disks, which another service mounts. @default - nothing is waited for */
  readonly diskFolder?: string;
  /** Device nodes to count before the container starts. @default - none are counted */
  readonly devices?: readonly BootDevices[];
  /** @default - the image is public, or the machine image can pull it */
  readonly registry?: BootRegistry;
  /** How this machine makes the container's image. @default - it is pulled */
  readonly build?: BootBuild;
  /** Files that come to the machine's own disk before the container starts. @default - none */
  readonly stages?: readonly BootStage[];
  /** Whom the machine tells that the cluster is what was planned, or why it is not. @default - nobody */
  readonly announce?: BootAnnounce;
  /** Packages of the distribution that the first boot installs, e.g. `nfs-common`. @default - none */
  readonly packages?: readonly string[];
  /** Further files of the place, above all its sources. @default - none */
  readonly files?: readonly BootFile[];
}

/** A program below `sources/` and its arguments: what it prints is the value. */
export interface BootSource {
  readonly name: string;
  /** Without blanks; may hold references. */
  readonly arguments: readonly string[];
}

export interface BootProgram {
  /** @default - the files travel with the boot itself, where nothing limits its size */
  readonly source?: BootSource;
}

export interface BootSecret {
  /** Name of the file, e.g. `ray-token`. */
  readonly name: string;
  readonly source: BootSource;
}

/** A registry that asks who pulls. */
export interface BootRegistry {
  readonly host: string;
  readonly user: string;
  /** Of the password. */
  readonly source: BootSource;
}

export interface BootDevices {
  /** As a message says it, one word, e.g. `EFA-devices`. */
  readonly name: string;
  readonly count: number;
  readonly glob: string;
}

/** One file system, as a systemd unit mounts it. */
export interface BootMount {
  /** What is mounted; may hold references. */
  readonly source: string;
  /** Absolute path on the machine. */
  readonly hostPath: string;
  /** E.g. `lustre`, `nfs4`. */
  readonly type: string;
  readonly options: readonly string[];
  /** Systemd units that must run before. */
  readonly after: readonly string[];
  /** What the mount needs on the machine, e.g. a unit of `after` and its program. @default - none */
  readonly files?: readonly BootFile[];
}

/** A published image with something on top, made on the machine (`lib/topology/declaration/derived-image.ts`). */
export interface BootBuild {
  /** Reference of the published image, the build argument `BASE_IMAGE`; `ContainerSpec.image` is what is made. */
  readonly base: string;
  /** The folder of the build, the `Dockerfile` in it. */
  readonly files: readonly BootBuildFile[];
}

export interface BootBuildFile {
  readonly name: string;
  readonly content: string;
}

/** A program below `sources/` that fills a folder; it goes on where an earlier attempt ended. */
export interface BootStage {
  /** Gets the folder as its last argument. */
  readonly source: BootSource;
  /** Absolute path on the machine. */
  readonly folder: string;
}

/** The word of a machine to those who wait for the cluster: one JSON object, put to an address. */
export interface BootAnnounce {
  /** Prints the address; fails as long as nobody waits. The address lets everybody answer: it is a secret. */
  readonly source: BootSource;
  /** How long the head may take from the first look at an address until it serves. */
  readonly deadlineSeconds: number;
  /** How long a boot may fail before the machine says so. @default 900 */
  readonly bootSeconds?: number;
}

export interface BootFile {
  readonly path: string;
  readonly content: string;
  /** @default '0644' */
  readonly mode?: string;
}

/** A boot that cannot be written down. */
export class BootError extends Error {
  public constructor(what: string) {
    super(`cannot make the boot of a node: ${what}`);
    this.name = "BootError";
  }
}
