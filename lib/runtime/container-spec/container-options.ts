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
  /** Path on the machine, or name of a volume, which may be a reference. */
  readonly source: string;
  readonly target: string;
  /** @default false */
  readonly readOnly?: boolean;
  /** Whether Docker creates a folder of the machine that is missing. @default false */
  readonly isCreated?: boolean;
}

/** Everything that `docker run` and the Docker API must be told alike. An option that is undefined is not passed. */
export interface ContainerOptions {
  readonly init: true;
  readonly name: string;
  readonly network: ContainerNetwork;
  readonly logDriver: "local" | "none";
  readonly stopSeconds?: number;
  readonly sharedMemoryMiB?: number;
  readonly runtime?: string;
  readonly ulimits?: ContainerSpec["ulimits"];
  readonly capabilities?: readonly string[];
  readonly devices?: ContainerSpec["devices"];
  readonly mounts: readonly MountOption[];
  readonly environment: ContainerSpec["environment"];
  readonly healthcheck?: ContainerSpec["healthcheck"];
  readonly entrypoint: string;
  readonly image: string;
  readonly command: readonly string[];
}

/** What a place decides about a container. */
export interface OptionsPlace {
  /** Unique on its Docker host. */
  readonly containerName: string;
  readonly network: ContainerNetwork;
  /** @default 'local', which is bounded (5 files of 20 MB) */
  readonly logDriver?: ContainerOptions["logDriver"];
  /** All of them: those of the spec and the place's own. */
  readonly mounts: readonly MountOption[];
  /** Where the program that unpacks the files, and the bundle of files, are in the container. */
  readonly unpack: { readonly program: string; readonly bundle: string };
}

/** The options of a container in its place. */
export function containerOptions(
  spec: ContainerBase & Partial<ContainerSpec>,
  { containerName, network, logDriver = "local", mounts, unpack }: OptionsPlace,
): ContainerOptions {
  return {
    init: true,
    name: containerName,
    network,
    logDriver,
    stopSeconds: spec.stopSeconds,
    sharedMemoryMiB: spec.sharedMemoryMiB,
    runtime: spec.runtime,
    ulimits: spec.ulimits,
    capabilities: spec.capabilities,
    devices: spec.devices,
    mounts,
    environment: spec.environment,
    healthcheck: spec.healthcheck,
    // An engine's image may have an entry point of its own and would take the command as its arguments.
    entrypoint: "python3",
    image: spec.image,
    command: [unpack.program, unpack.bundle, ...spec.command],
  };
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
