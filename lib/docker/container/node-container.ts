import { createHash } from "node:crypto";
import type { ContainerConfig, ContainerUpload } from "@cdktf/provider-docker/lib/container";
import {
  type ContainerNetwork,
  type ContainerOptions,
  containerOptions,
  HOST_NETWORK,
  type MountOption,
  type OptionRenderers,
  renderOptions,
} from "../../runtime/container-spec/container-options";
import type { ContainerBase, ContainerSpec } from "../../runtime/container-spec/container-spec";
import type { GateSpec } from "../../runtime/container-spec/gate-container";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { literal } from "../../terraform/encode";
import { template } from "../../terraform/template";
import { type ContainerFiles, UNPACK } from "./container-files";

/** What the place adds to a container. */
export interface ContainerPlacement {
  /** Name on the Docker host, unique there. */
  readonly containerName: string;
  /** @default - the network of the machine */
  readonly network?: ContainerNetwork;
  /** Id of the image on the Docker host, as a reference. @default - the plan's reference */
  readonly image?: string;
  /** All of them; see `privateVolume`. */
  readonly mounts: readonly MountOption[];
  /** @default - none */
  readonly labels?: readonly { readonly label: string; readonly value: string }[];
  readonly files: ContainerFiles;
  /** Files that the place adds. @default - none */
  readonly uploads?: readonly ContainerUpload[];
}

/** Time that the daemon has beyond the container's own grace period before Terraform kills the container. */
const STOP_MARGIN_SECONDS = 5;

/** A node's `docker_container`. What looks redundant keeps the second plan empty ("Provider pitfalls" in README.md). */
export function nodeContainerConfig(spec: ContainerSpec, placement: ContainerPlacement): ContainerConfig {
  return {
    ...commonConfig(spec, placement),
    restart: "unless-stopped",
    mustRun: true,
    labels: [
      replacingLabel("healthcheck", spec.healthcheck),
      replacingLabel("mounts", spec.mounts),
      ...(placement.labels ?? []),
    ],
  };
}

/** The container that runs once, to its end, while Terraform waits and keeps its output. */
export function gateContainerConfig(spec: GateSpec, placement: ContainerPlacement): ContainerConfig {
  return {
    ...commonConfig(spec, placement),
    restart: "no",
    mustRun: false,
    attach: true,
    logs: true,
  };
}

/** Mounts the volume with the cluster's private files. @param name of the volume; may be a reference */
export function privateVolume(name: string): MountOption {
  return { type: "volume", source: name, target: CONTAINER_PATHS.volume };
}

/** Mounts a folder of the machine. */
export function folderMount({ source, target, readOnly }: ContainerSpec["mounts"][number]): MountOption {
  return { type: "bind", source, target, readOnly };
}

function commonConfig(
  spec: ContainerBase & Partial<ContainerSpec>,
  placement: ContainerPlacement,
): ContainerConfig {
  const { containerName: name, network = { name: HOST_NETWORK }, mounts, files, uploads = [] } = placement;
  const options = containerOptions(spec, { name, network, mounts, unpack: UNPACK });
  return {
    ...containerConfig(options, spec.name),
    hostname: literal(spec.name, `host name of ${spec.name}`),
    ...(placement.image === undefined ? {} : { image: placement.image }),
    upload: [...files.uploads(spec.files, spec.name), ...uploads],
  };
}

/** The options as the provider takes them. @param owner names the container in errors */
export function containerConfig(options: ContainerOptions, owner: string): ContainerConfig {
  const parts = renderOptions(options, dockerApi(owner));
  return Object.assign({ name: "", image: "" }, ...parts) as ContainerConfig;
}

function dockerApi(owner: string): OptionRenderers<Partial<ContainerConfig>> {
  const text = (value: string, what: string) => literal(value, `${what} of ${owner}`);
  const late = (value: string, what: string) => template(value, `${what} of ${owner}`);
  return {
    init: (init) => ({ init }),
    name: (name) => ({ name: text(name, "container name") }),
    network: ({ name, address }) =>
      name === HOST_NETWORK
        ? { networkMode: HOST_NETWORK }
        : { networksAdvanced: [{ name, ipv4Address: address }] },
    user: (user) => ({ user }),
    securityOptions: (options) => ({ securityOpts: [...options] }),
    // The provider (4.6.0) has no such option; the review says so.
    pidsLimit: () => ({}),
    log: ({ driver, options }) => ({ logDriver: driver, logOpts: options }),
    stopSeconds: (seconds) => ({
      stopTimeout: seconds,
      destroyGraceSeconds: seconds + STOP_MARGIN_SECONDS,
    }),
    sharedMemoryMiB: (shmSize) => ({ shmSize }),
    ipc: (ipcMode) => ({ ipcMode }),
    // RC199 refuses it where uploads are needed.
    isRootReadOnly: (readOnly) => ({ readOnly }),
    runtime: (runtime) => ({ runtime }),
    ulimits: (limits) => ({ ulimit: nonEmpty(limits.map(({ name, soft, hard }) => ({ name, soft, hard }))) }),
    capabilities: ({ add, drop }) => ({
      capabilities: { add: nonEmpty([...add]), drop: nonEmpty([...drop]) },
    }),
    devices: (devices) => ({
      devices: nonEmpty(
        devices.map(({ hostPath, containerPath }) => ({
          hostPath: text(hostPath, "device"),
          containerPath: text(containerPath, "device"),
          permissions: "rwm",
        })),
      ),
    }),
    mounts: (mounts) => ({
      mounts: mounts
        .filter(({ isCreated }) => !isCreated)
        .map(({ type, source, target, readOnly }) => ({
          type,
          source: type === "bind" ? text(source, "mount") : source || undefined,
          target: text(target, "mount"),
          readOnly,
        })),
      // Unlike `mounts`, Docker creates the folders of `volumes` where they are missing.
      volumes: nonEmpty(
        mounts
          .filter(({ isCreated }) => isCreated)
          .map(({ source, target, readOnly }) => ({
            hostPath: text(source, "folder"),
            containerPath: text(target, "folder"),
            readOnly,
          })),
      ),
    }),
    environment: (variables) => ({
      env: Object.entries(variables).map(([name, value]) => late(`${name}=${value}`, `environment ${name}`)),
    }),
    healthcheck: ({ test, intervalSeconds, timeoutSeconds, startPeriodSeconds, retries }) => ({
      healthcheck: {
        test: ["CMD", ...test.map((word) => text(word, "health check"))],
        interval: goDuration(intervalSeconds),
        timeout: goDuration(timeoutSeconds),
        startPeriod: goDuration(startPeriodSeconds),
        retries,
      },
    }),
    entrypoint: (program) => ({ entrypoint: [program] }),
    image: (reference) => ({ image: late(reference, "image") }),
    command: (words) => ({ command: words.map((word) => text(requireWord(word, owner), "command")) }),
  };
}

/**
 * A label that changes with a value replaces the container. Before 4.6 the provider neither applies a changed health check
 * nor forgets it; changed mounts it plans as an update in place, which changes nothing in the container.
 */
function replacingLabel(name: string, value: object): { label: string; value: string } {
  const hash = createHash("sha256").update(JSON.stringify(value)).digest("hex");
  return { label: `ray-cluster.${name}`, value: hash };
}

/** A duration as Go prints it: the provider compares text, and reads `90s` back as `1m30s`. */
export function goDuration(seconds: number): string {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = `${seconds % 60}s`;
  if (hours > 0) {
    return `${hours}h${minutes}m${rest}`;
  }
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

/** To the provider an empty block is not an absent one. */
function nonEmpty<Item>(items: Item[]): Item[] | undefined {
  return items.length > 0 ? items : undefined;
}

function requireWord(word: string, owner: string): string {
  if (word === "") {
    throw new Error(`command of ${owner}: the Docker provider refuses an empty word`);
  }
  return word;
}
