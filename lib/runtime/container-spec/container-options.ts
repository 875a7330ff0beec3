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

/**
 * Everything that `docker run` and the Docker API must be told alike: what the spec has, and what the place decides. An
 * option that is undefined is not passed.
 */
export interface ContainerOptions
  extends
    Partial<Omit<ContainerSpec, keyof ContainerBase | "config" | "mounts">>,
    Pick<ContainerBase, "command" | "environment" | "image"> {
  readonly init: true;
  /** Unique on its Docker host. */
  readonly name: string;
  readonly network: ContainerNetwork;
  readonly logDriver: "local" | "none";
  /** All of them: those of the spec and the place's own. */
  readonly mounts: readonly MountOption[];
  readonly entrypoint: string;
}

/** What a place decides about a container. */
export interface OptionsPlace extends Pick<ContainerOptions, "name" | "network" | "mounts"> {
  /** @default 'local', which is bounded (5 files of 20 MB) */
  readonly logDriver?: ContainerOptions["logDriver"];
  /** Where the program that unpacks the files, and the bundle of files, are in the container. */
  readonly unpack: { readonly program: string; readonly bundle: string };
}

/** The options of a container in its place. */
export function containerOptions(
  spec: ContainerBase & Partial<ContainerSpec>,
  { unpack, ...place }: OptionsPlace,
): ContainerOptions {
  return {
    init: true,
    logDriver: "local",
    ...spec,
    ...place,
    // An engine's image may have an entry point of its own and would take the command as its arguments.
    entrypoint: "python3",
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
