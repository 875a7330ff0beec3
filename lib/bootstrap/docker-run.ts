import type { ContainerMount, ContainerSpec } from "../runtime/container-spec/container-spec";
import { nodeCommand, programEnvironment } from "../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
import { BootError } from "./boot-spec";
import { CONTAINER_NAME, GATE_NAME, HOST_PATHS } from "./host-paths";

/** Where the machine's folder with the files lies in the container. */
const FILES = "/run/ray-cluster/files.json";
const UNPACK = "/run/ray-cluster/unpack_files.py";

/**
 * Arguments of `docker run` for a node on a machine of its own: the translation of a ContainerSpec that
 * `lib/docker` makes for Terraform's provider. Pure.
 *
 * @param bringsSecrets whether the machine has secrets in memory: their folder is then the container's, read-only
 */
export function dockerRunArguments(spec: ContainerSpec, bringsSecrets: boolean): readonly string[] {
  const [entrypoint, ...command] = ["python3", UNPACK, FILES, ...spec.command];
  const { healthcheck } = spec;
  return [
    "--rm",
    "--init",
    ...option("name", CONTAINER_NAME),
    ...option("network", spec.networkMode),
    ...option("log-driver", "local"),
    ...option("stop-timeout", String(spec.stopSeconds)),
    ...option("shm-size", `${spec.sharedMemoryMiB}m`),
    ...(spec.runtime === undefined ? [] : option("runtime", spec.runtime)),
    ...spec.ulimits.flatMap(({ name, soft, hard }) => option("ulimit", `${name}=${soft}:${hard}`)),
    ...spec.capabilities.flatMap((name) => option("cap-add", name)),
    ...spec.devices.flatMap(({ hostPath, containerPath }) =>
      option("device", `${hostPath}:${containerPath}`),
    ),
    ...[...ownMounts(bringsSecrets), ...spec.mounts].flatMap((mount) => option("mount", mountOption(mount))),
    ...Object.entries(spec.environment).flatMap(([name, value]) => option("env", `${name}=${value}`)),
    ...option("health-cmd", shellWords(healthcheck.test)),
    ...option("health-interval", `${healthcheck.intervalSeconds}s`),
    ...option("health-timeout", `${healthcheck.timeoutSeconds}s`),
    ...option("health-start-period", `${healthcheck.startPeriodSeconds}s`),
    ...option("health-retries", String(healthcheck.retries)),
    // An engine's image may have an entry point of its own, and would take the command for arguments of it.
    ...option("entrypoint", entrypoint),
    spec.image,
    ...command,
  ].map(oneLine);
}

/**
 * Arguments of `docker run` for the gate of a cluster on the head's machine: a container beside the node's, which lives on
 * when that one begins again, and reads its state in the volume. Pure.
 */
export function gateRunArguments(spec: ContainerSpec): readonly string[] {
  const [entrypoint, ...command] = ["python3", UNPACK, FILES, ...nodeCommand("wait")];
  return [
    "--rm",
    "--init",
    ...option("name", GATE_NAME),
    ...option("network", spec.networkMode),
    ...option("log-driver", "none"),
    ...ownMounts(false).flatMap((mount) => option("mount", mountOption(mount))),
    ...Object.entries(programEnvironment()).flatMap(([name, value]) => option("env", `${name}=${value}`)),
    ...option("entrypoint", entrypoint),
    spec.image,
    ...command,
  ].map(oneLine);
}

/** Folders of the machine that must be there before they are mounted. */
export function hostFolders(spec: ContainerSpec): readonly string[] {
  return [
    HOST_PATHS.volume,
    ...spec.mounts.filter(({ isPerNode }) => isPerNode === true).map(({ source }) => source),
  ];
}

function ownMounts(bringsSecrets: boolean): readonly ContainerMount[] {
  const secrets = { source: HOST_PATHS.secrets, target: CONTAINER_PATHS.secrets, readOnly: true };
  return [
    { source: HOST_PATHS.volume, target: CONTAINER_PATHS.volume, readOnly: false },
    ...(bringsSecrets ? [secrets] : []),
    { source: HOST_PATHS.nodeConfig, target: CONTAINER_PATHS.config, readOnly: true },
    { source: HOST_PATHS.image, target: CONTAINER_PATHS.imageDigest, readOnly: true },
    { source: HOST_PATHS.files, target: FILES, readOnly: true },
    { source: `${HOST_PATHS.programs}/unpack_files.py`, target: UNPACK, readOnly: true },
  ];
}

function option(name: string, value: string): readonly string[] {
  return [`--${name}=${value}`];
}

function mountOption({ source, target, readOnly }: ContainerMount): string {
  if (/[,"]/.test(source + target)) {
    throw new BootError(`Docker takes no comma and no quote in a mount, got ${source} at ${target}`);
  }
  return `type=bind,source=${source},target=${target}${readOnly ? ",readonly" : ""}`;
}

/** The command line runs a health check by the container's shell. */
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
