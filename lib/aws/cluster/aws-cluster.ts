import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { VpcSecurityGroupIngressRule } from "@cdktf/provider-aws/lib/vpc-security-group-ingress-rule";
import type { Construct } from "constructs";
import { CONTAINER_NAME, SERVICE } from "../../bootstrap/host-paths";
import { judge } from "../../problems/rule";
import { containerSpec } from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { reportProblems } from "../../terraform/app-problems";
import { writeAccessFile } from "../../terraform/cluster-access";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { constrainProvider } from "../../terraform/provider-versions";
import { resourceAddress } from "../../terraform/resource-address";
import { clusterEndpoint } from "../../topology/plan/endpoint";
import { pulledImage } from "../../topology/declaration/derived-image";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { requirePriceLimit } from "../account/price-limit";
import { ecrPermissions, ecrRepository } from "../account/registry";
import { tcp } from "../network/security-group";
import type { Permission } from "../policy";
import { AwsNodePool } from "../pool/node-pool";
import type { AwsBackendProps } from "./backend-props";
import { AwsBootSources } from "./boot-sources";
import { LONGEST_WAIT_SECONDS, WAIT_TOPIC } from "./built-rules";
import { machinesReview } from "./machines-review";
import { type BootContext, nodeBoot, secretIds } from "./node-boot";
import { readinessPermission, ReadinessStack } from "./readiness-stack";
import type { SiteDecisions, SitePool } from "./site-decisions";
import { UserData } from "./user-data";

/** Between the machines' own deadline and that of the stack, so that the machines' reason comes first. */
const REASON_SECONDS = 300;

/**
 * The machines of a plan, what they boot, and what waits for them. Nothing is created per node: a machine of a group
 * finds out by itself who it is.
 */
export function buildAwsCluster(
  scope: Construct,
  plan: ClusterPlan,
  { props, pools, storage, price, bootTimeoutSeconds }: SiteDecisions,
): ClusterEndpoint {
  constrainProvider(scope, "aws");
  const ownRegion = new DataAwsRegion(scope, "region");
  const region = ownRegion.id;
  const { partition } = new DataAwsPartition(scope, "partition");
  const sources = new AwsBootSources(scope, "boot-store", {
    name: plan.name,
    files: containerSpec(plan, plan.nodes[0]).files,
    build: plan.image.derived,
    kmsKeyArn: props.kmsKeyArn,
    region,
  });
  const timeoutSeconds = waitSeconds(scope, bootTimeoutSeconds + plan.deadlines.servingSeconds);
  const context = { plan, region, sources, storage, answerSeconds: timeoutSeconds - REASON_SECONDS };
  requirePriceLimit(scope, props.maxUsdPerHour, price);

  const repository = ecrRepository(pulledImage(plan.image));
  const permissions = [
    ...sources.permissions,
    readinessPermission(partition, region, plan.name),
    ...(repository === undefined ? [] : ecrPermissions(partition, repository)),
    ...storage.flatMap((one) => one.permissions ?? []),
    ...(props.permissions ?? []),
  ];
  const secrets = secretIds(plan);
  const headPermissions = [
    ...sources.headPermissions,
    ...(secrets.length === 0
      ? []
      : [{ actions: ["secretsmanager:GetSecretValue"], resources: [...secrets] }]),
  ];
  const made = pools.map((pool) => makePool(scope, context, pool, permissions, headPermissions));
  replaceTogether(made);

  letClientsIn(scope, plan, props);
  writeAccess(scope, plan, ownRegion, pools, made);

  const url = clusterEndpoint(plan);
  const ready = new ReadinessStack(scope, "ready", {
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
    reviewNewMachines: machinesReview(pools, price),
  };
}

function makePool(
  scope: Construct,
  context: BootContext,
  { pool: { name }, machines }: SitePool,
  permissions: readonly Permission[],
  headPermissions: readonly Permission[],
): AwsNodePool {
  const { plan } = context;
  const nodes = plan.nodes.filter((node) => node.pool === name);
  const head = nodes.find(({ role }) => role === "head");
  const boot = (node: NodePlan | undefined) =>
    node && new UserData(scope, `boot-${name}-${node.role}`, nodeBoot(context, node, machines)).base64;
  return new AwsNodePool(scope, `pool-${name}`, {
    ...machines,
    name: `${plan.name}-${name}`,
    userData: boot(nodes.find(({ role }) => role === "worker")),
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

function writeAccess(
  scope: Construct,
  plan: ClusterPlan,
  region: DataAwsRegion,
  pools: readonly SitePool[],
  made: readonly AwsNodePool[],
): void {
  const head = made.find(({ _head }) => _head !== undefined)?._head;
  if (head === undefined) {
    return;
  }
  writeAccessFile(scope, plan, {
    place: "aws",
    region: `data.${region.terraformResourceType}.${region.friendlyUniqueId}`,
    head: { node: plan.nodes[0].name, address: resourceAddress(head) },
    groups: made.flatMap(({ _workers }, index) =>
      _workers === undefined ? [] : [{ pool: pools[index].pool.name, address: resourceAddress(_workers) }],
    ),
    container: CONTAINER_NAME,
    service: SERVICE,
  });
}

/** Workers of a new version never join a head of the old one, whose engine would still be serving. */
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

/** From the start of the machines until the head has reported that it serves, or why not. */
function waitSeconds(scope: Construct, servingSeconds: number): number {
  const seconds = servingSeconds + REASON_SECONDS;
  reportProblems(scope, judge(WAIT_TOPIC, seconds, undefined));
  return Math.min(seconds, LONGEST_WAIT_SECONDS);
}
