import { bootDevices } from "../../bootstrap/boot-devices";
import { machineFacts } from "../../bootstrap/machine-facts";
import { bootSecrets, RAY_TOKEN, withSecrets } from "../../bootstrap/boot-secrets";
import type { BootSource, BootSpec, BootStop } from "../../bootstrap/boot-spec";
import { isWithin } from "../../problems/checks";
import { containerSpec, withoutWorkload } from "../../runtime/container-spec/make-container-spec";
import { pulledImage } from "../../topology/declaration/derived-image";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { secretsOn } from "../../topology/plan/secrets";
import { ecrLogin, ecrRepository } from "../account/registry";
import { efaDevicesOf } from "../pool/nic-layout";
import type { Permission } from "../policy";
import type { PoolMachines } from "../pool/pool-machines";
import type { IAwsStorage } from "../storage/storage";
import type { AwsBootSources } from "./boot-sources";
import { bootedSource, readinessSource } from "./readiness-stack";
import { secretSource } from "./user-data";

/** What the boots of all machines of a cluster have in common. */
export interface BootContext {
  readonly plan: ClusterPlan;
  readonly region: string;
  readonly sources: AwsBootSources;
  readonly storage: readonly IAwsStorage[];
  /** Of the stack that waits for them. */
  readonly stackName: string;
  /** Where the machines write their logs. @default - nowhere */
  readonly logs?: BootSource;
  /** How the head ends the machines of a cluster that has never served. @default - they go on */
  readonly stop?: BootStop;
}

/** The boot of a node; all workers of a pool have the same one, because none has a name before it boots. */
export function nodeBoot(context: BootContext, node: NodePlan, machines: PoolMachines): BootSpec {
  const { plan, region, sources, storage, stackName } = context;
  const registry = ecrRepository(pulledImage(plan.image));
  const secrets = bootSecrets(plan, node, ({ id }) =>
    id === undefined ? undefined : secretSource(region, id),
  );
  const container = withoutWorkload(containerSpec(plan, node), plan, node);
  return {
    container: withSecrets(container, secrets),
    program: sources.program,
    mounts: storage.flatMap(({ mount }) => mount ?? []),
    stages: storage.flatMap(({ stage }) => stage ?? []),
    secrets: [
      // It signs what nodes send one another, also where Ray itself has no authentication.
      { name: RAY_TOKEN, source: node.role === "head" ? sources.tokenOfHead : sources.token },
      ...secrets,
    ],
    diskFolder: diskFolderOf(context, machines),
    devices: bootDevices(
      plan,
      node,
      machines.fabric.id === "efa" ? efaDevicesOf(machines.nics ?? []) : undefined,
    ),
    facts: machineFacts(plan, container),
    registry: registry && ecrLogin(registry),
    build: plan.image.derived,
    logs: context.logs,
    announce: {
      source: readinessSource(region, stackName),
      booted: node.role === "head" ? bootedSource(region, stackName) : undefined,
      workloads: sources.workloads,
      stop: node.role === "head" ? context.stop : undefined,
    },
  };
}

/** What the machine of a node must be allowed in order to read its secrets; nothing where it needs none. */
export function secretPermissions(plan: ClusterPlan, node: NodePlan | undefined): readonly Permission[] {
  const ids = node === undefined ? [] : secretsOn(plan, node).flatMap(({ ref }) => ref.id ?? []);
  return ids.length === 0
    ? []
    : [{ actions: ["secretsmanager:GetSecretValue"], resources: [...new Set(ids)] }];
}

/** The boot waits for the instance store where anything of the cluster is on it. */
function diskFolderOf({ plan, storage }: BootContext, machines: PoolMachines): string | undefined {
  const folder = machines.machineImage.localDiskFolder;
  const isUsed = folder !== undefined && plan.storage.some(({ hostPath }) => isWithin(hostPath, folder));
  return (
    storage.find(({ diskFolder }) => diskFolder !== undefined)?.diskFolder ?? (isUsed ? folder : undefined)
  );
}
