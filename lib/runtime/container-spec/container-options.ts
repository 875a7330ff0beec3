import type { ContainerBase, ContainerSpec } from "./container-spec";

/** Docker's name of the machine's own network. */
export const HOST_NETWORK = "host";

export interface ContainerNetwork {
  /** Name or id, `host` for the machine's own; may be a reference. */
  readonly name: string;
  /** @default - assigned by Docker */
  readonly address?: string;
}

export interface MountOption {
  readonly type: "bind" | "volume";
  /** Path on the machine, or name of a volume, which may be a reference; empty: a volume that ends with the container. */
  readonly source: string;
  readonly target: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** Whether Docker creates a folder of the machine that is missing. @default false */
  readonly isCreated?: boolean;
}

/** Where what a container prints is kept. */
export interface LogOption {
  readonly driver: "local" | "none";
  /** Options of the driver. */
  readonly options: { readonly [name: string]: string };
}

/**
 * Bounded, and never waited for: with the default mode `blocking`, a program that prints stands still while nobody reads.
 * Every option that Docker's daemon could have a default of its own for is named, because the provider would read that back.
 */
const LOCAL_LOG: LogOption = {
  driver: "local",
  options: {
    "max-size": "20m",
    "max-file": "5",
    compress: "true",
    mode: "non-blocking",
    "max-buffer-size": "4m",
  },
};

/** A container whose output goes only to who is attached to it. */
export const NO_LOG: LogOption = { driver: "none", options: {} };

/** What keeps every container in its bounds, beyond what Docker does by itself. */
export const CONFINEMENT = {
  /** Root, whatever the image says: the token and the volumes belong to root (`rayproject/ray` has a user of its own). */
  user: "0",
  /** Packets made by hand (a forged address on the network), device nodes beyond the plan's, the machine's audit log. */
  droppedCapabilities: ["CAP_AUDIT_WRITE", "CAP_MKNOD", "CAP_NET_RAW"],
  /** Processes and threads: more than any engine has, fewer than a machine has. */
  pidsLimit: 32_768,
} as const;

/**
 * Where a container writes whose image is read-only: the programs that it unpacks, Ray's sessions and spilled objects, what
 * engines compile. A volume begins with what the image has there, and is on the disk, as the container's own layer is.
 */
export const WRITABLE_FOLDERS = [
  "/opt/ray-cluster",
  "/root",
  "/run",
  "/tmp",
  "/var/log/ray-cluster",
  "/var/tmp",
] as const;

/** What the declaration does not ask for, of what a container is kept from. */
export function droppedCapabilities(added: readonly string[]): readonly string[] {
  return CONFINEMENT.droppedCapabilities.filter((name) => !added.includes(name));
}

/**
 * Everything that `docker run` and the Docker API must be told alike: what the spec has, and what the place decides. An
 * option that is undefined is not passed.
 */
export interface ContainerOptions
  extends
    Partial<Omit<ContainerSpec, keyof ContainerBase | "capabilities" | "config" | "mounts">>,
    Pick<ContainerBase, "command" | "environment" | "image"> {
  readonly init: true;
  /** Unique on its Docker host. */
  readonly name: string;
  readonly network: ContainerNetwork;
  /** User of the container's processes. */
  readonly user: string;
  /** With the `CAP_` prefix, no one in both: to what Docker gives by default, and from it. */
  readonly capabilities: { readonly add: readonly string[]; readonly drop: readonly string[] };
  /** As `--security-opt` takes them. */
  readonly securityOptions: readonly string[];
  /** Most processes and threads; the Docker provider has no such option. */
  readonly pidsLimit: number;
  readonly log: LogOption;
  /** All of them: those of the spec and the place's own. */
  readonly mounts: readonly MountOption[];
  readonly entrypoint: string;
}

/** What a place decides about a container. */
export interface OptionsPlace extends Pick<ContainerOptions, "name" | "network" | "mounts"> {
  /** @default - the driver `local`, at most 5 files of 20 MB, non-blocking */
  readonly log?: LogOption;
  /** Where the program that unpacks the files, and the bundle of files, are in the container. */
  readonly unpack: { readonly program: string; readonly bundle: string };
}

/** The options of a container in its place. */
export function containerOptions(
  spec: ContainerBase & Partial<ContainerSpec>,
  { unpack, ...place }: OptionsPlace,
): ContainerOptions {
  const { capabilities: add = [] } = spec;
  return {
    init: true,
    user: CONFINEMENT.user,
    securityOptions: securityOptions(spec),
    pidsLimit: CONFINEMENT.pidsLimit,
    log: LOCAL_LOG,
    ...spec,
    capabilities: { add, drop: droppedCapabilities(add) },
    ...place,
    mounts: [
      ...place.mounts,
      ...(spec.isRootReadOnly === true ? WRITABLE_FOLDERS : []).map((target): MountOption => ({
        type: "volume",
        source: "",
        target,
      })),
    ],
    // An engine's image may have an entry point of its own and would take the command as its arguments.
    entrypoint: "python3",
    command: [unpack.program, unpack.bundle, ...spec.command],
  };
}

/**
 * No program in a container gets privileges that its parent has not. Docker itself turns SELinux labels off where a
 * container shares the machine's IPC; it is written, for the provider would read it back as a change.
 */
function securityOptions({ ipc }: Partial<ContainerSpec>): readonly string[] {
  return ["no-new-privileges", ...(ipc === "host" ? ["label=disable"] : [])];
}

type OptionName = keyof ContainerOptions;

/** One function for each option: a table that lacks one does not compile. */
export type OptionRenderers<Part> = {
  readonly [Name in OptionName]: (value: NonNullable<ContainerOptions[Name]>) => Part;
};

/** Renders the options that are given, in the order of the renderers. */
export function renderOptions<Part>(
  options: ContainerOptions,
  renderers: OptionRenderers<Part>,
): readonly Part[] {
  const render = <Name extends OptionName>(name: Name): readonly Part[] => {
    const value = options[name];
    return value === undefined ? [] : [renderers[name](value)];
  };
  return (Object.keys(renderers) as OptionName[]).flatMap((name) => render(name));
}
