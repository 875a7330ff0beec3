import {
  type ContainerOptions,
  containerOptions,
  type MountOption,
  NO_LOG,
  type OptionRenderers,
  renderOptions,
} from "../runtime/container-spec/container-options";
import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { apiSecretMounts } from "../runtime/container-spec/make-container-spec";
import { bringing, gateBeside } from "../runtime/container-spec/gate-container";
import { CONTAINER_PATHS } from "../runtime/paths";
import { BootError } from "./boot-spec";
import { CONTAINER_NAME, GATE_NAME, HOST_PATHS } from "./host-paths";

/** Where the bundle of the machine, and the program that unpacks it, are in the container. */
const UNPACK = { program: "/run/ray-cluster/unpack_files.py", bundle: "/run/ray-cluster/files.json" };

/**
 * Arguments of `docker run` for the node of a machine. Pure.
 *
 * @param bringsSecrets whether the machine has secrets in memory; their folder is mounted read-only
 */
export function dockerRunArguments(spec: ContainerSpec, bringsSecrets: boolean): readonly string[] {
  return commandLine(
    containerOptions(spec, {
      name: CONTAINER_NAME,
      network: { name: spec.networkMode },
      mounts: [
        ...ownMounts(bringsSecrets),
        ...spec.mounts.map(({ source, target, readOnly }) => bind(source, target, readOnly)),
      ],
      unpack: UNPACK,
    }),
  );
}

/**
 * Arguments of `docker run` for the readiness check on the head's machine. It runs beside the node, brings the workload to
 * it and reads its state in the volume, and survives the node's restarts. Pure.
 */
export function gateRunArguments(spec: ContainerSpec): readonly string[] {
  return commandLine(
    containerOptions(bringing(gateBeside(spec, GATE_NAME)), {
      name: GATE_NAME,
      network: { name: spec.networkMode },
      log: NO_LOG,
      mounts: [
        ...ownMounts(false),
        bind(HOST_PATHS.workload, CONTAINER_PATHS.workload),
        ...apiSecretMounts(spec).map(({ source, target }) => bind(source, target)),
      ],
      unpack: UNPACK,
    }),
  );
}

/** Folders that must exist on the machine before they are mounted. */
export function hostFolders(spec: ContainerSpec): readonly string[] {
  return [
    HOST_PATHS.volume,
    ...spec.mounts.filter(({ isPerNode }) => isPerNode === true).map(({ source }) => source),
  ];
}

function ownMounts(bringsSecrets: boolean): readonly MountOption[] {
  return [
    bind(HOST_PATHS.volume, CONTAINER_PATHS.volume, false),
    ...(bringsSecrets ? [bind(HOST_PATHS.secrets, CONTAINER_PATHS.secrets)] : []),
    bind(HOST_PATHS.nodeConfig, CONTAINER_PATHS.config),
    bind(HOST_PATHS.image, CONTAINER_PATHS.imageDigest),
    bind(HOST_PATHS.bundle, UNPACK.bundle),
    bind(HOST_PATHS.unpack, UNPACK.program),
  ];
}

function bind(source: string, target: string, readOnly = true): MountOption {
  return { type: "bind", source, target, readOnly };
}

/** Arguments of `docker run` for each option, in their order. */
export const COMMAND_LINE: OptionRenderers<readonly string[]> = {
  init: () => ["--init"],
  name: (name) => [`--name=${name}`],
  network: ({ name, address }) => [
    `--network=${name}`,
    ...(address === undefined ? [] : [`--ip=${address}`]),
  ],
  user: (user) => [`--user=${user}`],
  securityOptions: (options) => options.map((option) => `--security-opt=${option}`),
  pidsLimit: (limit) => [`--pids-limit=${limit}`],
  log: ({ driver, options }) => [
    `--log-driver=${driver}`,
    ...Object.entries(options).map(([name, value]) => `--log-opt=${name}=${value}`),
  ],
  stopSeconds: (seconds) => [`--stop-timeout=${seconds}`],
  sharedMemoryMiB: (size) => [`--shm-size=${size}m`],
  ipc: (mode) => [`--ipc=${mode}`],
  isRootReadOnly: () => ["--read-only"],
  runtime: (name) => [`--runtime=${name}`],
  ulimits: (limits) => limits.map(({ name, soft, hard }) => `--ulimit=${name}=${soft}:${hard}`),
  capabilities: ({ add, drop }) => [
    ...drop.map((name) => `--cap-drop=${name}`),
    ...add.map((name) => `--cap-add=${name}`),
  ],
  devices: (devices) => devices.map(({ hostPath, containerPath }) => `--device=${hostPath}:${containerPath}`),
  mounts: (mounts) => mounts.map((mount) => `--mount=${mountText(mount)}`),
  environment: (variables) => Object.entries(variables).map(([name, value]) => `--env=${name}=${value}`),
  healthcheck: ({ test, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries }) => [
    `--health-cmd=${shellWords(test)}`,
    `--health-interval=${intervalSeconds}s`,
    `--health-timeout=${timeoutSeconds}s`,
    `--health-start-period=${startPeriodSeconds}s`,
    `--health-retries=${retries}`,
  ],
  entrypoint: (program) => [`--entrypoint=${program}`],
  image: (reference) => [reference],
  command: (words) => words,
};

function commandLine(options: ContainerOptions): readonly string[] {
  return ["--rm", ...renderOptions(options, COMMAND_LINE).flat()].map(oneLine);
}

function mountText({ type, source, target, readOnly }: MountOption): string {
  if (/[,"]/.test(source + target)) {
    throw new BootError(`a Docker mount must not contain a comma or a quote, got ${source} at ${target}`);
  }
  const from = source === "" ? "" : `source=${source},`;
  return `type=${type},${from}target=${target}${readOnly ? ",readonly" : ""}`;
}

/** The command line passes a health check to the container's shell. */
function shellWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

function oneLine(argument: string): string {
  if (/[\n\r\0]/.test(argument)) {
    throw new BootError(`an argument of 'docker run' must be one line, got ${JSON.stringify(argument)}`);
  }
  return argument;
}
