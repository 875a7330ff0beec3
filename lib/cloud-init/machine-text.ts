import { createHash } from "node:crypto";
import { join } from "node:path";
import { bootBuild } from "../bootstrap/boot-build";
import type { BootDevices, BootFile, BootSecret, BootSpec } from "../bootstrap/boot-spec";
import { bundleText } from "../bootstrap/bundle";
import { cloudConfig } from "../bootstrap/cloud-config";
import { HOST_PATHS } from "../bootstrap/host-paths";
import { rootfsFile } from "../bootstrap/rootfs-file";
import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { acceleratorOf } from "../runtime/container-spec/devices";
import { containerSpec } from "../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
import type { ClusterPlan, NodePlan } from "../topology/plan/plan";
import type { CloudInitSettings } from "./settings";
import { sourcesOf } from "./source-rules";

const URL_SOURCE = rootfsFile(join(__dirname, "rootfs"), "usr/local/lib/ray-cluster/sources/url.sh");
/** Names of files in memory. */
const RAY_TOKEN = "ray-token";
const MODEL_SECRET = "model-secret";

/** One text of cloud-init, and who boots with it. */
export interface MachineText {
  /** Name of its file, without ending: the node's, or `<pool>-worker`. */
  readonly name: string;
  /** Nodes whose machines boot with it. */
  readonly nodes: readonly string[];
  /** May hold references. */
  readonly text: string;
}

/** What all machines fetch, where it is no part of their texts. */
export function programText(plan: ClusterPlan): string {
  return bundleText(containerSpec(plan, plan.nodes[0]).files, bootBuild(plan.image));
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

/** What NoCloud wants beside the text: another id whenever the text is another, so that the machine takes it. */
export function metaData(plan: ClusterPlan, { name, nodes, text }: MachineText): string {
  const id = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const hostName = nodes.length === 1 ? [`local-hostname: ${plan.name}-${nodes[0]}`] : [];
  return [`instance-id: ${plan.name}-${name}-${id}`, ...hostName, ""].join("\n");
}

function bootSpec(plan: ClusterPlan, node: NodePlan, settings: CloudInitSettings): BootSpec {
  const { programUrl, mounts, diskFolder, registry, packages } = settings;
  const bootSecrets = secrets(plan, node, settings);
  const hasModelSecret = bootSecrets.some(({ name }) => name === MODEL_SECRET);
  return {
    container: withSecretsInMemory(containerSpec(plan, node), hasModelSecret),
    program: programUrl === undefined ? {} : { source: { name: "url.sh", arguments: [programUrl] } },
    mounts,
    diskFolder,
    packages,
    secrets: bootSecrets,
    devices: devices(plan, node),
    build: bootBuild(plan.image),
    registry: registry && { host: registry.host, user: registry.user, source: registry.password._asked() },
    files: uniqueFiles([
      ...(programUrl === undefined ? [] : [URL_SOURCE]),
      ...sourcesOf(settings).flatMap(({ source }) => source._files()),
    ]),
  };
}

/** The model's secret lies in the machine's memory, wherever it comes from. */
function withSecretsInMemory(spec: ContainerSpec, isNeeded: boolean): ContainerSpec {
  const target = CONTAINER_PATHS.modelSecret;
  const secret = { source: `${HOST_PATHS.secrets}/${MODEL_SECRET}`, target, readOnly: true };
  const others = spec.mounts.filter((mount) => mount.target !== target);
  return { ...spec, mounts: [...others, ...(isNeeded ? [secret] : [])] };
}

function secrets(plan: ClusterPlan, node: NodePlan, settings: CloudInitSettings): readonly BootSecret[] {
  const secret = node.role === "head" ? plan.staging?.secret : undefined;
  return [
    ...(plan.ray.authentication === "token" ? [{ name: RAY_TOKEN, source: settings.rayToken._asked() }] : []),
    ...(secret?.hostPath === undefined
      ? []
      : [{ name: MODEL_SECRET, source: { name: "file.sh", arguments: [secret.hostPath] } }]),
    ...(secret?.id === undefined || settings.secretStore === undefined
      ? []
      : [{ name: MODEL_SECRET, source: settings.secretStore._asked([secret.id]) }]),
  ];
}

/** Device nodes of the machine that its container is given one by one; emulated ones are none. */
function devices(plan: ClusterPlan, node: NodePlan): readonly BootDevices[] {
  const facts = acceleratorOf(plan, node);
  const pattern = facts?.indexedDevice?.host;
  return facts === undefined || !pattern?.includes("{index}")
    ? []
    : [
        {
          name: `${facts.rayResource}-devices`,
          count: Math.ceil(node.acceleratorCount / facts.acceleratorsPerDevice),
          glob: pattern.replace("{index}", "[0-9]*"),
        },
      ];
}

/** A program may be the source of several secrets. */
function uniqueFiles(files: readonly BootFile[]): readonly BootFile[] {
  return [...new Map(files.map((file) => [file.path, file])).values()];
}
