import { bootBuild } from "../../bootstrap/boot-build";
import type { BootDevices, BootSecret, BootSpec } from "../../bootstrap/boot-spec";
import { HOST_PATHS } from "../../bootstrap/host-paths";
import { findAccelerator } from "../../catalog/accelerators";
import { findFabric } from "../../catalog/fabrics";
import { findInstanceNetwork } from "../../catalog/instance-types";
import type { ContainerSpec } from "../../runtime/container-spec/container-spec";
import { containerSpec } from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { isWithin } from "../../topology/plan/staging";
import { imageOf } from "./backend-spec";
import type { AwsBootStore } from "./boot-store";
import type { AwsNodePoolProps } from "../pool/node-pool-props";
import { efaDevicesOf, nicLayout, NicLayout } from "../pool/nic-layout";
import { readySource } from "./ready-stack";
import { ecrLogin, ecrRepository } from "../account/registry";
import type { IAwsStorage } from "../storage/storage";
import { secretSource } from "./user-data";

/** What the boots of all machines of a cluster have in common. */
export interface BootContext {
  readonly plan: ClusterPlan;
  readonly region: string;
  readonly store: AwsBootStore;
  readonly storage: readonly IAwsStorage[];
  /** How long the machines may take, boot and all, until they say how it went. */
  readonly answerSeconds: number;
}

/** Name of the model's secret among those of the machine. */
const MODEL_SECRET = "model";

/** The boot of a node; of a worker the same for all of its pool, because none of them has a name before it boots. */
export function nodeBoot(context: BootContext, node: NodePlan, machines: AwsNodePoolProps): BootSpec {
  const { plan, region, store, storage } = context;
  const registry = ecrRepository(baseImageOf(plan));
  return {
    container: withModelSecret(plan, node, containerSpec(plan, node)),
    program: { source: store.program },
    mounts: storage.flatMap(({ mount }) => mount ?? []),
    stages: storage.flatMap(({ stage }) => stage ?? []),
    secrets: secretsOf(context, node),
    diskFolder: diskFolderOf(context, machines),
    devices: devicesOf(plan, node, machines),
    registry: registry && ecrLogin(registry),
    build: bootBuild(plan.image),
    announce: { source: readySource(region, plan.name), deadlineSeconds: context.answerSeconds },
  };
}

/** What is pulled: the image itself, or what it is made from. */
export function baseImageOf({ image }: ClusterPlan): string {
  return image.derived?.base ?? image.reference;
}

/** ARN of the secret that opens the model's source; `undefined`: there is none. */
export function modelSecretOf({ staging }: ClusterPlan): string | undefined {
  return staging?.secret?.id;
}

function withModelSecret(plan: ClusterPlan, node: NodePlan, spec: ContainerSpec): ContainerSpec {
  const source = `${HOST_PATHS.secrets}/${MODEL_SECRET}`;
  return needsModelSecret(plan, node)
    ? { ...spec, mounts: [...spec.mounts, { source, target: CONTAINER_PATHS.modelSecret, readOnly: true }] }
    : spec;
}

function needsModelSecret(plan: ClusterPlan, node: NodePlan): boolean {
  return modelSecretOf(plan) !== undefined && node.role === "head";
}

function secretsOf({ plan, region, store }: BootContext, node: NodePlan): readonly BootSecret[] {
  const isHead = node.role === "head";
  const model = modelSecretOf(plan);
  return [
    ...(plan.ray.authentication === "token"
      ? [{ name: "ray-token", source: isHead ? store.tokenOfHead : store.token }]
      : []),
    ...(isHead && model !== undefined ? [{ name: MODEL_SECRET, source: secretSource(region, model) }] : []),
  ];
}

/** The disks of the instance are waited for where anything of the cluster lies on them. */
function diskFolderOf({ plan, storage }: BootContext, machines: AwsNodePoolProps): string | undefined {
  const folder = imageOf(machines).localDiskFolder;
  const isUsed = folder !== undefined && plan.storage.some(({ hostPath }) => isWithin(hostPath, folder));
  return (
    storage.find(({ diskFolder }) => diskFolder !== undefined)?.diskFolder ?? (isUsed ? folder : undefined)
  );
}

/** What the machine must show before the container starts: its accelerators, and each EFA interface. */
function devicesOf(plan: ClusterPlan, node: NodePlan, machines: AwsNodePoolProps): readonly BootDevices[] {
  const pool = plan.pools.find(({ name }) => name === node.pool);
  const accelerator = pool && node.acceleratorCount > 0 ? findAccelerator(pool.accelerator) : undefined;
  const cards = findInstanceNetwork(machines.instanceType);
  const nics = cards && nicLayout(cards, machines.nicLayout ?? NicLayout.RECOMMENDED, plan.fabric === "efa");
  const efa = efaDevicesOf(nics ?? []);
  const interfaces = findFabric(plan.fabric)?.interfaceGlob;
  const glob = accelerator?.emulated === false ? accelerator.deviceGlob : null;
  const count = Math.ceil(node.acceleratorCount / (accelerator?.acceleratorsPerDevice ?? 1));
  return [
    ...(glob === null ? [] : [{ name: "accelerators", count, glob }]),
    ...(interfaces === undefined ? [] : [{ name: "EFA-devices", count: efa, glob: interfaces }]),
  ];
}
