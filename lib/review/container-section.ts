import {
  CONFINEMENT,
  droppedCapabilities,
  WRITABLE_FOLDERS,
} from "../runtime/container-spec/container-options";
import { containerDevices } from "../runtime/container-spec/devices";
import type { ClusterPlan } from "../topology/plan/plan";
import { code } from "./table";

/**
 * What the container of each node may use, and what it is kept from, one line each.
 *
 * @param ofPlace mounts that the place adds
 */
export function containerSection(plan: ClusterPlan, ofPlace: readonly string[] = []): readonly string[] {
  const needs = plan.container;
  const ulimits = needs.ulimits.map(
    ({ name, soft, hard }) => `${name} ${[soft, hard].map((v) => (v === -1 ? "unlimited" : v)).join(":")}`,
  );
  const mounts = needs.mounts.map(
    ({ source, target, readOnly }) => `${code(source)} at ${code(target)}${readOnly ? ", read-only" : ""}`,
  );
  const capabilities = [...new Set([...needs.capabilities, ...needs.extras.capabilities])];
  return [
    `- network: ${needs.networkMode}`,
    `- shared memory: ${needs.sharedMemoryMiB} MiB`,
    `- devices: ${list(devices(plan))}`,
    `- capabilities: ${list(capabilities)}`,
    ...confinement(capabilities, needs.extras.isRootReadOnly),
    ...(needs.extras.isHostIpc ? ["- shared memory and semaphores are those of the machine"] : []),
    `- ulimits: ${list(ulimits)}`,
    `- mounts: ${list([...mounts, ...ofPlace])}`,
    `- Docker runtime: ${needs.runtime ?? "the daemon's default"}`,
  ];
}

/** What the containers cannot do, and what they could still do. */
function confinement(capabilities: readonly string[], isRootReadOnly: boolean): readonly string[] {
  const root = isRootReadOnly
    ? `read-only but for volumes at ${list(WRITABLE_FOLDERS.map(code))}, which end with the container`
    : "writable, because the node program and what engines compile are written into it";
  return [
    `- kept from: ${list([...droppedCapabilities(capabilities), "new privileges"])}; at most ` +
      `${CONFINEMENT.pidsLimit} processes and threads where \`docker run\` starts it (the Docker provider has no such option)`,
    `- user: root, whatever the image says; its file system is ${root}`,
  ];
}

function devices(plan: ClusterPlan): readonly string[] {
  const pools = new Map(plan.nodes.map((node) => [node.pool, node]));
  const all = [...pools.values()].flatMap((node) =>
    containerDevices(plan, node).map(({ hostPath, containerPath }) =>
      hostPath === containerPath ? code(hostPath) : `${code(containerPath)} from ${code(hostPath)}`,
    ),
  );
  return [...new Set(all)];
}

function list(items: readonly string[]): string {
  return items.length === 0 ? "none" : items.join(", ");
}
