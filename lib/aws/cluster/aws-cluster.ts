import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import { Annotations } from "cdktf";
import type { Construct } from "constructs";
import { bootBuild } from "../../bootstrap/boot-build";
import { containerSpec } from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { constrainProvider } from "../../terraform/provider-versions";
import { resourceAddress } from "../../terraform/resource-address";
import { clusterEndpoint } from "../../topology/plan/endpoint";
import { Fabric } from "../../topology/declaration/fabric";
import type { ClusterPlan, NodePlan, PoolPlan } from "../../topology/plan/plan";
import type { AwsBackendProps } from "./backend-props";
import { DEFAULT_BOOT_SECONDS, machinesOf } from "./backend-spec";
import { AwsBootStore } from "./boot-store";
import { requireConsent } from "../account/consent";
import { machinesReview } from "./machines-review";
import { baseImageOf, type BootContext, modelSecretOf, nodeBoot } from "./node-boot";
import { AwsNodePool } from "../pool/node-pool";
import type { AwsNodePoolProps } from "../pool/node-pool-props";
import type { Permission } from "../policy";
import { LONGEST_WAIT_SECONDS, readyPermission, ReadyStack } from "./ready-stack";
import { ecrPermissions, ecrRepository } from "../account/registry";
import { tcp } from "../network/security-group";
import { UserData } from "./user-data";

/** Between the machine's own deadline and the one of the stack, so that the machine's reason comes first. */
const REASON_SECONDS = 300;

/** A pool's machines, with the plan of one node for each role in it. */
interface PoolOfCluster {
  readonly plan: PoolPlan;
  readonly head?: NodePlan;
  readonly worker?: NodePlan;
  readonly machines: AwsNodePoolProps;
}

/**
 * The machines of a plan, what they boot, and what waits for them. Nothing of it is made for each node: a machine of
 * a group finds out by itself who it is.
 */
export function buildAwsCluster(
  scope: Construct,
  plan: ClusterPlan,
  props: AwsBackendProps,
): ClusterEndpoint {
  constrainProvider(scope, "aws");
  const region = new DataAwsRegion(scope, "region").id;
  const { partition } = new DataAwsPartition(scope, "partition");
  const store = new AwsBootStore(scope, "boot-store", {
    name: plan.name,
    files: containerSpec(plan, plan.nodes[0]).files,
    build: bootBuild(plan.image),
    kmsKeyArn: props.kmsKeyArn,
    region,
  });
  const timeoutSeconds = waitSeconds(scope, plan, props);
  const context: BootContext = {
    plan,
    region,
    store,
    storage: props.storage ?? [],
    // The machines' own word must come before the wait ends without one.
    answerSeconds: timeoutSeconds - REASON_SECONDS,
  };
  const pools = poolsOf(plan, props);
  requireConsent(
    scope,
    props.consentUsdPerHour,
    pools.map(({ machines }) => machines),
  );

  const permissions = [
    ...store.permissions,
    readyPermission(partition, region, plan.name),
    ...registryPermissions(plan, partition),
    ...context.storage.flatMap((storage) => storage.permissions ?? []),
    ...(props.permissions ?? []),
  ];
  const headPermissions = [...store.headPermissions, ...modelPermissions(plan)];
  const made = pools.map((pool) => makePool(scope, context, pool, permissions, headPermissions));
  replaceTogether(made);

  letClientsIn(scope, plan, props);

  const url = clusterEndpoint(plan);
  const ready = new ReadyStack(scope, "ready", {
    name: plan.name,
    endpoint: url,
    timeoutSeconds,
    machines: made.flatMap(({ _head, _workers }) =>
      [_head, _workers].filter((machine) => machine !== undefined),
    ),
    triggers: made.flatMap(({ _head, _workerTemplate }) =>
      [_head, _workerTemplate].filter((resource) => resource !== undefined),
    ),
  });
  return {
    url: ready.endpoint,
    reviewUrl: url,
    reviewMounts: [
      `folder \`/var/lib/ray-cluster/volume\` of each machine at \`${CONTAINER_PATHS.volume}\``,
      `secrets in the memory of each machine at \`${CONTAINER_PATHS.secrets}\`, read-only`,
    ],
    reviewToken:
      "made by the head at boot in a secret of AWS Secrets Manager, whose value Terraform never sees; in the machine's memory",
    reviewNewMachines: machinesReview(
      pools.map(({ plan: pool, machines }) => ({ name: pool.name, machines })),
    ),
  };
}

function poolsOf(plan: ClusterPlan, props: AwsBackendProps): readonly PoolOfCluster[] {
  return plan.pools.map((pool, index) => {
    const nodes = plan.nodes.filter((node) => node.pool === pool.name);
    return {
      plan: pool,
      head: nodes.find(({ role }) => role === "head"),
      worker: nodes.find(({ role }) => role === "worker"),
      machines: machinesOf(props, pool, Fabric.of(plan.fabric), index === 0),
    };
  });
}

function makePool(
  scope: Construct,
  context: BootContext,
  { plan, head, worker, machines }: PoolOfCluster,
  permissions: readonly Permission[],
  headPermissions: readonly Permission[],
): AwsNodePool {
  const boot = (node: NodePlan | undefined) =>
    node && new UserData(scope, `boot-${plan.name}-${node.role}`, nodeBoot(context, node, machines)).base64;
  return new AwsNodePool(scope, `pool-${plan.name}`, {
    ...machines,
    name: `${context.plan.name}-${plan.name}`,
    userData: boot(worker),
    headUserData: boot(head),
    permissions,
    headPermissions: head && headPermissions,
  });
}

function letClientsIn(scope: Construct, { engine: { api } }: ClusterPlan, props: AwsBackendProps): void {
  if (api === undefined) {
    return;
  }
  for (const [index, cidrIpv4] of (props.clientCidrs ?? []).entries()) {
    new VpcSecurityGroupIngressRule(scope, `client-${index}`, {
      securityGroupId: props.network.securityGroupId,
      ...tcp(api.port),
      cidrIpv4,
      description: "Clients of the engine's API",
    });
  }
}

/** Workers of a new version never join a head of the old one, whose engine would still answer. */
function replaceTogether(pools: readonly AwsNodePool[]): void {
  const head = pools.find(({ _head }) => _head !== undefined)?._head;
  const templates = pools.flatMap(({ _workerTemplate }) => _workerTemplate ?? []);
  if (head !== undefined && templates.length > 0) {
    head.lifecycle = { ...head.lifecycle, replaceTriggeredBy: templates.map(resourceAddress) };
  }
  for (const { _workers } of pools) {
    if (head !== undefined && _workers !== undefined) {
      _workers.dependsOn = [resourceAddress(head)];
    }
  }
}

function registryPermissions(plan: ClusterPlan, partition: string): readonly Permission[] {
  const repository = ecrRepository(baseImageOf(plan));
  return repository === undefined ? [] : ecrPermissions(partition, repository);
}

function modelPermissions(plan: ClusterPlan): readonly Permission[] {
  const arn = modelSecretOf(plan);
  return arn === undefined ? [] : [{ actions: ["secretsmanager:GetSecretValue"], resources: [arn] }];
}

/** From the machines' start until the head has said that it serves, or why not. */
function waitSeconds(scope: Construct, plan: ClusterPlan, props: AwsBackendProps): number {
  const wanted =
    (props.bootTimeoutSeconds ?? DEFAULT_BOOT_SECONDS) + plan.deadlines.servingSeconds + REASON_SECONDS;
  if (wanted > LONGEST_WAIT_SECONDS) {
    Annotations.of(scope).addWarning(
      `the cluster may take ${wanted} s, and a deployment waits ${LONGEST_WAIT_SECONDS} s at most: shorten the deadlines`,
    );
  }
  return Math.min(wanted, LONGEST_WAIT_SECONDS);
}
