import type { AcceleratorFacts } from "../../catalog/accelerators";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import type { ContainerMount, ContainerSpec } from "./container-spec";
import { acceleratorOf, containerDevices, deviceIndices } from "./devices";
import { nodeConfig, nodeConfigText } from "../node-config/node-config";
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
  return {
    name: node.name,
    config,
    image: plan.image.reference,
    command: nodeCommand("start"),
    environment: { ...programEnvironment(), ...runtimeEnvironment(accelerator, node.acceleratorCount) },
    files: [
      ...programFiles(),
      ...engineFiles(plan),
      { path: CONTAINER_PATHS.config, content: nodeConfigText(config) },
    ],
    devices: containerDevices(plan, node),
    // Mounts, capabilities and runtime of the plan are those of the accelerators.
    mounts: [
      ...(accelerator ? plan.container.mounts : []),
      ...storageMounts(plan),
      ...secretMounts(plan, node),
    ],
    capabilities: accelerator ? plan.container.capabilities : [],
    ulimits: plan.container.ulimits,
    sharedMemoryMiB: plan.container.sharedMemoryMiB,
    networkMode: plan.container.networkMode,
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

/** Folders that every node has, whatever it computes with. */
function storageMounts(plan: ClusterPlan): readonly ContainerMount[] {
  return plan.storage.map(({ hostPath, mountPath, isShared }) => ({
    source: hostPath,
    target: mountPath,
    readOnly: false,
    isPerNode: !isShared,
  }));
}

/** Only the head contacts the model's source. The place mounts a secret from its own store itself. */
function secretMounts({ staging }: ClusterPlan, node: NodePlan): readonly ContainerMount[] {
  return staging?.secret?.hostPath !== undefined && node.role === "head"
    ? [{ source: staging.secret.hostPath, target: CONTAINER_PATHS.modelSecret, readOnly: true }]
    : [];
}

/** A subcommand of the node program. */
export function nodeCommand(subcommand: string): readonly string[] {
  return ["python3", "-m", "ray_node", subcommand];
}

/** Environment of the node program itself. */
export function programEnvironment(): { readonly [name: string]: string } {
  return { PYTHONPATH: CONTAINER_PATHS.program, PYTHONUNBUFFERED: "1" };
}

function runtimeEnvironment(
  accelerator: AcceleratorFacts | undefined,
  count: number,
): { readonly [name: string]: string } {
  if (!accelerator) {
    return {};
  }
  const variable = accelerator.runtimeDevicesVariable;
  const visible = variable === null ? {} : { [variable]: deviceIndices(count).join(",") };
  return { ...accelerator.containerEnvironment, ...visible };
}
