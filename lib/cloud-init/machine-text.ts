import { join } from "node:path";
import { filterFacts } from "../bootstrap/filter-facts";
import { bootDevices } from "../bootstrap/boot-devices";
import { machineFacts } from "../bootstrap/machine-facts";
import { bootSecrets, RAY_TOKEN, withSecrets } from "../bootstrap/boot-secrets";
import type { BootSource, BootSpec } from "../bootstrap/boot-spec";
import { machineBundle } from "../bootstrap/machine-bundle";
import { cloudConfig } from "../bootstrap/cloud-config";
import { rootfsFile } from "../bootstrap/rootfs-file";
import { containerSpec, withoutWorkload } from "../runtime/container-spec/make-container-spec";
import { sha256 } from "../runtime/content-hash";
import type { ClusterPlan, NodePlan } from "../topology/plan/plan";
import type { SecretRef } from "../topology/values/secret-ref";
import { bringsWorkload } from "./cluster-wait";
import type { CloudInitSettings } from "./settings";
import { sourcesOf } from "./source-rules";

const URL_SOURCE = rootfsFile(join(__dirname, "rootfs"), "usr/local/lib/ray-cluster/sources/url.sh");

/** One cloud-config, and the machines that boot with it. */
export interface MachineText {
  /** Name of its file, without ending: the node's, or `<pool>-worker`. */
  readonly name: string;
  /** Nodes whose machines boot with it. */
  readonly nodes: readonly string[];
  /** May contain references. */
  readonly text: string;
}

/** The bundle that all machines fetch from `programUrl`. */
export function programText(plan: ClusterPlan): string {
  return machineBundle(containerSpec(plan, plan.nodes[0]).files, plan.image.derived);
}

/** One text for each node with a planned address, else one for all workers of a pool. */
export function machineTexts(plan: ClusterPlan, settings: CloudInitSettings): readonly MachineText[] {
  return roles(plan).map(({ name, nodes }) => ({
    name,
    nodes: nodes.map((node) => node.name),
    text: cloudConfig(bootSpec(plan, nodes[0], settings)),
  }));
}

interface Role {
  readonly name: string;
  readonly nodes: readonly NodePlan[];
}

function roles(plan: ClusterPlan): readonly Role[] {
  const shared = new Map<string, NodePlan[]>();
  const result: Role[] = [];
  for (const node of plan.nodes) {
    const others = shared.get(node.pool);
    if (node.address !== undefined) {
      result.push({ name: node.name, nodes: [node] });
    } else if (others === undefined) {
      const nodes = [node];
      shared.set(node.pool, nodes);
      result.push({ name: `${node.pool}-worker`, nodes });
    } else {
      others.push(node);
    }
  }
  return result;
}

/** The meta-data of NoCloud. Another text has another instance id, so that a machine that boots with it applies it. */
export function metaData(plan: ClusterPlan, { name, nodes, text }: MachineText): string {
  const id = sha256(text).slice(0, 12);
  const hostName = nodes.length === 1 ? [`local-hostname: ${plan.name}-${nodes[0]}`] : [];
  return [`instance-id: ${plan.name}-${name}-${id}`, ...hostName, ""].join("\n");
}

function bootSpec(plan: ClusterPlan, node: NodePlan, settings: CloudInitSettings): BootSpec {
  const { programUrl, mounts, diskFolder, registry, packages, readiness } = settings;
  const secrets = bootSecrets(plan, node, (ref) => sourceOf(ref, settings));
  const whole = containerSpec(plan, node);
  const container = bringsWorkload(readiness) ? withoutWorkload(whole, plan, node) : whole;
  return {
    container: withSecrets(container, secrets),
    program: programUrl === undefined ? undefined : { name: "url.sh", arguments: [programUrl] },
    mounts,
    diskFolder,
    packages,
    secrets: [
      // It signs what nodes send one another, also where Ray itself has no authentication.
      { name: RAY_TOKEN, source: settings.rayToken._asked() },
      ...secrets,
    ],
    devices: bootDevices(plan, node),
    facts: machineFacts(plan, container),
    filter: filterFacts(plan, node, settings.packetFilter).apply,
    build: plan.image.derived,
    registry: registry && { host: registry.host, user: registry.user, source: registry.password._asked() },
    files: [
      ...(programUrl === undefined ? [] : [URL_SOURCE]),
      ...sourcesOf(settings).flatMap(({ source }) => source._files()),
    ],
  };
}

function sourceOf({ hostPath, id }: SecretRef, { secretStore }: CloudInitSettings): BootSource | undefined {
  return hostPath === undefined
    ? secretStore?._asked(id === undefined ? [] : [id])
    : { name: "file.sh", arguments: [hostPath] };
}
