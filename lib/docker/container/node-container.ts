import { createHash } from "node:crypto";
import type { ContainerConfig } from "@cdktf/provider-docker/lib/container";
import type { ContainerMount, ContainerSpec } from "../../runtime/container-spec/container-spec";
import type { GateSpec } from "../../runtime/container-spec/gate-container";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import type { ContainerFiles } from "./container-files";
import type { NodeVolumes } from "./node-volumes";

/** What the place adds to a container: where it stands, never what it is. */
export interface ContainerPlacement {
  /** Name on the Docker host, unique there. */
  readonly containerName: string;
  /** Docker network, by id or name; may be a reference. Without one the container has the host's. */
  readonly network?: string;
  /** Address on that network. */
  readonly address?: string;
  /** Id of the image on the Docker host, as a reference; `undefined`: by the name that the plan has for it. */
  readonly image?: string;
  /** Docker volume with the cluster's private files, by name; may be a reference. */
  readonly privateVolume: string;
  /** In place of folders of the machine that each node has for itself. */
  readonly nodeVolumes?: NodeVolumes;
  readonly files: ContainerFiles;
}

/** Time that the daemon has beyond the container's own grace, before Terraform kills it. */
const STOP_MARGIN_SECONDS = 5;

/**
 * The one translation of a ContainerSpec into a `docker_container`. Pure. What reads as redundant in
 * here is what keeps the second plan empty; README.md lists those traps of the provider.
 */
export function nodeContainerConfig(spec: ContainerSpec, placement: ContainerPlacement): ContainerConfig {
  const text = encoderOf(spec.name);
  return {
    ...commonConfig(spec, placement),
    restart: "unless-stopped",
    mustRun: true,
    stopTimeout: spec.stopSeconds,
    destroyGraceSeconds: spec.stopSeconds + STOP_MARGIN_SECONDS,
    shmSize: spec.sharedMemoryMiB,
    runtime: spec.runtime,
    capabilities: spec.capabilities.length > 0 ? { add: [...spec.capabilities] } : undefined,
    ulimit: nonEmptyList(spec.ulimits.map(({ name, soft, hard }) => ({ name, soft, hard }))),
    devices: nonEmptyList(
      spec.devices.map((device) => ({
        hostPath: text(device.hostPath, "device"),
        containerPath: text(device.containerPath, "device"),
        permissions: "rwm",
      })),
    ),
    mounts: [
      ...spec.mounts.map((mount) => ({
        ...mountSource(mount, placement, text),
        target: text(mount.target, "mount"),
        readOnly: mount.readOnly,
      })),
      privateVolume(placement),
    ],
    labels: [healthcheckLabel(spec)],
    healthcheck: {
      test: ["CMD", ...spec.healthcheck.test.map((word) => text(word, "health check"))],
      interval: goDuration(spec.healthcheck.intervalSeconds),
      timeout: goDuration(spec.healthcheck.timeoutSeconds),
      startPeriod: goDuration(spec.healthcheck.startPeriodSeconds),
      retries: spec.healthcheck.retries,
    },
  };
}

/** The container that runs once, to its end, while Terraform waits and keeps what it printed. */
export function gateContainerConfig(spec: GateSpec, placement: ContainerPlacement): ContainerConfig {
  return {
    ...commonConfig(spec, placement),
    restart: "no",
    mustRun: false,
    attach: true,
    logs: true,
    mounts: [privateVolume(placement)],
  };
}

/**
 * Before 4.6 the provider neither applies a changed health check nor forgets it. A label that changes
 * with it replaces the container.
 */
function healthcheckLabel(spec: ContainerSpec): { label: string; value: string } {
  const value = createHash("sha256").update(JSON.stringify(spec.healthcheck)).digest("hex");
  return { label: "ray-cluster.healthcheck", value };
}

/** As Go prints a duration: the provider compares text, and reads `90s` back as `1m30s`. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) {
    return `${hours}h${minutes}m${rest}`;
  }
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

function commonConfig(spec: ContainerSpec | GateSpec, placement: ContainerPlacement): ContainerConfig {
  const text = encoderOf(spec.name);
  const [program, ...words] = placement.files
    .command(spec.command)
    .map((word) => text(nonEmpty(word, spec.name), "command"));
  return {
    name: text(placement.containerName, "container name"),
    hostname: text(spec.name, "host name"),
    image: placement.image ?? text(spec.image, "image"),
    // An engine's image may have an entry point of its own, and would take the command for arguments of it.
    entrypoint: [program],
    command: words,
    env: Object.entries(spec.environment).map(([name, value]) =>
      text(`${name}=${value}`, `environment ${name}`),
    ),
    init: true,
    // Bounded by itself (5 files of 20 MB). Options of ours would drift against those of the daemon.
    logDriver: "local",
    ...networkOf(placement),
    upload: placement.files.uploads(spec.files, spec.name),
  };
}

function mountSource(
  mount: ContainerMount,
  { nodeVolumes = {} }: ContainerPlacement,
  text: (value: string, what: string) => string,
): { type: string; source: string } {
  return mount.isPerNode && mount.target in nodeVolumes
    ? { type: "volume", source: nodeVolumes[mount.target] }
    : { type: "bind", source: text(mount.source, "mount") };
}

function networkOf({ network, address }: ContainerPlacement): Partial<ContainerConfig> {
  return network === undefined
    ? { networkMode: "host" }
    : { networksAdvanced: [{ name: network, ipv4Address: address }] };
}

function privateVolume(placement: ContainerPlacement): { type: string; source: string; target: string } {
  return { type: "volume", source: placement.privateVolume, target: CONTAINER_PATHS.volume };
}

function encoderOf(owner: string): (value: string, what: string) => string {
  return (value, what) => literal(value, `${what} of ${owner}`);
}

/** A block that is absent instead of one that is empty. */
function nonEmptyList<T>(items: T[]): T[] | undefined {
  return items.length > 0 ? items : undefined;
}

function nonEmpty(word: string, owner: string): string {
  if (word === "") {
    throw new Error(`command of ${owner}: the Docker provider refuses an empty word`);
  }
  return word;
}
