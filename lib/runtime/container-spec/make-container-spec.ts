import type { AcceleratorFacts } from "../../catalog/accelerators";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { secretsOn } from "../../topology/plan/secrets";
import { SECRET_FOLDER } from "../../topology/values/secret-ref";
import type { ContainerMount, ContainerSpec } from "./container-spec";
import { acceleratorOf, containerDevices, deviceNumbers } from "./devices";
import { type NodeConfig, nodeConfig, nodeConfigText } from "../node-config/node-config";
import { nodeLifeText } from "../node-config/node-life";
import { CONTAINER_PATHS } from "../paths";
import { engineFiles, programFiles } from "../program-files";

/** Time to stop beyond the node program's own deadline. */
const STOP_MARGIN_SECONDS = 5;

/**
 * Until the head has served for the first time, Docker does not call it unhealthy. A day, because how long it may take is the
 * workload's deadline: a container whose health check named it would be replaced with every other workload.
 */
const HEAD_START_SECONDS = 86_400;

/** The container of one node. */
export function containerSpec(plan: ClusterPlan, node: NodePlan): ContainerSpec {
  const accelerator = acceleratorOf(plan, node);
  const config = nodeConfig(plan, node);
  const { extras } = plan.container;
  return {
    name: node.name,
    config,
    image: plan.image.reference,
    command: nodeCommand("start"),
    environment: {
      ...programEnvironment(),
      ...rayEnvironment(config),
      ...runtimeEnvironment(accelerator, node),
    },
    files: [
      ...programFiles(),
      ...engineFiles(plan),
      { path: CONTAINER_PATHS.config, content: nodeConfigText(config) },
    ],
    devices: [
      ...containerDevices(plan, node),
      ...extras.devices.map((path) => ({ hostPath: path, containerPath: path })),
    ],
    // Mounts, capabilities and runtime of the plan are those of the accelerators.
    mounts: [
      ...(accelerator ? plan.container.mounts : []),
      ...storageMounts(plan),
      ...extras.mounts,
      ...secretMounts(plan, node),
    ],
    capabilities: [...new Set([...(accelerator ? plan.container.capabilities : []), ...extras.capabilities])],
    ulimits: plan.container.ulimits,
    sharedMemoryMiB: plan.container.sharedMemoryMiB,
    networkMode: plan.container.networkMode,
    ipc: extras.isHostIpc ? "host" : undefined,
    isRootReadOnly: extras.isRootReadOnly || undefined,
    runtime: accelerator && plan.container.runtime,
    healthcheck: {
      test: nodeCommand("status"),
      // Each probe starts a Python process, so a machine with many nodes pays for a shorter one.
      intervalSeconds: 15,
      timeoutSeconds: 10,
      retries: 3,
      startPeriodSeconds: node.role === "head" ? HEAD_START_SECONDS : plan.deadlines.headSeconds,
    },
    stopSeconds: plan.deadlines.stopSeconds + STOP_MARGIN_SECONDS,
  };
}

/**
 * The same container where the place delivers the workload apart: its `node.json` is the node's life alone, so another
 * workload does not change it.
 */
export function withoutWorkload(spec: ContainerSpec, plan: ClusterPlan, node: NodePlan): ContainerSpec {
  const files = spec.files.map((file) =>
    file.path === CONTAINER_PATHS.config ? { ...file, content: nodeLifeText(plan, node) } : file,
  );
  return { ...spec, files };
}

/** Folders that every node has, whatever it computes with. */
function storageMounts(plan: ClusterPlan): readonly ContainerMount[] {
  return plan.storage.map(({ hostPath, mountPath, isShared }) => ({
    source: hostPath,
    target: mountPath,
    readOnly: false,
    isPerNode: !isShared,
  }));
}

/** The place mounts secrets of its own store itself. */
function secretMounts(plan: ClusterPlan, node: NodePlan): readonly ContainerMount[] {
  return fileMounts(secretsOn(plan, node).filter(({ isOfSource }) => !isOfSource));
}

/** The mounts of what the readiness check beside the head hands to it. */
export function sourceSecretMounts({ secrets }: Pick<ClusterPlan, "secrets">): readonly ContainerMount[] {
  return fileMounts(secrets.filter(({ isOfSource }) => isOfSource));
}

function fileMounts(secrets: ClusterPlan["secrets"]): readonly ContainerMount[] {
  return secrets.flatMap(({ name, ref: { hostPath } }) =>
    hostPath === undefined ? [] : [{ source: hostPath, target: `${SECRET_FOLDER}/${name}`, readOnly: true }],
  );
}

/** The mounts of what a request to the API needs, for the readiness check beside the head. */
export function apiSecretMounts({
  config,
  mounts,
}: Pick<ContainerSpec, "config" | "mounts">): readonly ContainerMount[] {
  const { api } = config.engine;
  const needed = [api?.apiKeyFile, api?.tls?.authority];
  return mounts.filter(({ target }) => needed.includes(target));
}

/** What the readiness check mounts of the head's secrets, where it runs beside the head: what it asks with, and what it hands over. */
export function gateSecretMounts(
  head: Pick<ContainerSpec, "config" | "mounts">,
  plan: Pick<ClusterPlan, "secrets">,
): readonly ContainerMount[] {
  return [...apiSecretMounts(head), ...sourceSecretMounts(plan)];
}

/** A subcommand of the node program. */
export function nodeCommand(subcommand: string): readonly string[] {
  return ["python3", "-m", "ray_node", subcommand];
}

/** Environment of the node program itself. `unpack_files.py` lets Python find it: PYTHONPATH here would replace the image's. */
export function programEnvironment(): { readonly [name: string]: string } {
  return { PYTHONUNBUFFERED: "1" };
}

/**
 * How a program in the container reaches Ray, for `docker exec`: the files of token and certificate, never what is in them. What is found on
 * the node, and the variables of the engine, `ray_node run` adds.
 */
function rayEnvironment({ head, ports, ray, paths, tls }: NodeConfig): { readonly [name: string]: string } {
  return {
    RAY_ADDRESS: `${head.address}:${ports.gcs}`,
    ...(ray.authentication === "token"
      ? { RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN_PATH: paths.token }
      : { RAY_AUTH_MODE: "disabled" }),
    ...(tls === undefined
      ? {}
      : {
          RAY_USE_TLS: "1",
          RAY_TLS_CA_CERT: tls.authority,
          RAY_TLS_SERVER_CERT: tls.certificate,
          RAY_TLS_SERVER_KEY: tls.key,
        }),
  };
}

function runtimeEnvironment(
  accelerator: AcceleratorFacts | undefined,
  node: NodePlan,
): { readonly [name: string]: string } {
  if (!accelerator) {
    return {};
  }
  const variable = accelerator.runtimeDevicesVariable;
  const visible = variable === null ? {} : { [variable]: deviceNumbers(accelerator, node).join(",") };
  return { ...accelerator.containerEnvironment, ...visible };
}
