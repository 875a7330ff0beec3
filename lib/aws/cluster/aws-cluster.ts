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
import { useAws } from "../provider";
import { resourceAddress } from "../../terraform/resource-address";
import { clusterEndpoint } from "../../topology/plan/endpoint";
import { pulledImage } from "../../topology/declaration/derived-image";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { AccountCheck } from "../account/account-check";
import { requirePriceLimit } from "../account/price-limit";
import { ecrPermissions, ecrRepository } from "../account/registry";
import { tcp } from "../network/security-group";
import type { Permission } from "../policy";
import { AwsNodePool } from "../pool/node-pool";
import { accessOutput } from "./access-output";
import type { AwsBackendProps } from "./backend-props";
import { AwsBootSources } from "./boot-sources";
import { LONGEST_WAIT_SECONDS, WAIT_TOPIC } from "./built-rules";
import { ClusterLogs, writesLogs } from "./cluster-logs";
import { machineStop, stopPermissions } from "./machine-stop";
import { machinesReview } from "./machines-review";
import { awsPlaceFacts } from "./place-facts";
import { type BootContext, nodeBoot, secretPermissions } from "./node-boot";
import { readinessPermission, ReadinessStack } from "./readiness-stack";
import type { SiteDecisions, SitePool } from "./site-decisions";
import { UserData } from "./user-data";
import { WorkloadObject } from "./workload-object";

/** From the last machine's start until the head is heard of; the largest machines take minutes to reach their first program. */
const BOOT_SECONDS = 1500;
/** Between the machines' own deadline and that of the stack, so that the machines' reason comes first. */
const REASON_SECONDS = 300;

/**
 * The machines of a plan, what they boot, and what waits for them. Nothing is created per node: a machine of a group
 * finds out by itself who it is.
 */
export function buildAwsCluster(
  scope: Construct,
  plan: ClusterPlan,
  decisions: SiteDecisions,
): ClusterEndpoint {
  const { props, pools, storage, price, bootTimeoutSeconds } = decisions;
  useAws(scope, props.network.provider);
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
  const stackName = `${sources.uniqueName}-ready`;
  const stop = machineStop(decisions, region, sources.uniqueName);
  const logs = writesLogs(props)
    ? new ClusterLogs(scope, "logs", sources.uniqueName, region, props)
    : undefined;
  const context = { plan, region, sources, storage, stackName, stop, logs: logs?.source };
  requirePriceLimit(scope, props.maxUsdPerHour, price);
  if (props.asksAccount ?? true) {
    new AccountCheck(
      scope,
      "account",
      props.network.availabilityZone,
      pools.map(({ machines }) => machines),
    );
  }

  const repository = ecrRepository(pulledImage(plan.image));
  const permissions = [
    ...sources.permissions,
    ...(logs?.permissions ?? []),
    readinessPermission(partition, region, stackName),
    ...(repository === undefined ? [] : ecrPermissions(partition, repository)),
    ...storage.flatMap((one) => one.permissions ?? []),
    ...(props.permissions ?? []),
  ];
  const headPermissions = [
    ...sources.headPermissions,
    ...secretPermissions(plan, plan.nodes[0]),
    ...(stop === undefined ? [] : stopPermissions(partition, region, sources.uniqueName)),
  ];
  const made = pools.map((pool) => makePool(scope, context, pool, permissions, headPermissions));
  replaceTogether(made);

  letClientsIn(scope, plan, props);
  writeAccess(scope, plan, ownRegion, pools, made, logs);

  const url = clusterEndpoint(plan);
  const workload = new WorkloadObject(scope, "workload", sources.workloadStore, plan);
  const ready = new ReadinessStack(scope, "ready", {
    name: plan.name,
    stackName,
    endpoint: url,
    workload: workload.number,
    timeoutSeconds,
    bootSeconds: Math.min(BOOT_SECONDS, timeoutSeconds),
    answerSeconds: timeoutSeconds - REASON_SECONDS,
    afterFailure:
      stop === undefined
        ? `The machines go on, for ${price.text}: fix the cause and deploy again, or end them by cdktf destroy.`
        : "The machines are ended if the cluster has never served; the next deployment makes new ones.",
    needs: [
      workload._object,
      ...made.flatMap(({ _head, _workers }) => [_head, _workers].filter((machine) => machine !== undefined)),
    ],
    triggers: [
      workload._object,
      ...made.flatMap(({ _head, _workerTemplate }) =>
        [_head, _workerTemplate].filter((resource) => resource !== undefined),
      ),
    ],
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
    reviewFacts: awsPlaceFacts(plan, decisions, [...permissions, ...headPermissions], timeoutSeconds),
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
  const worker = nodes.find(({ role }) => role === "worker");
  const boot = (node: NodePlan | undefined) =>
    node && new UserData(scope, `boot-${name}-${node.role}`, nodeBoot(context, node, machines)).base64;
  return new AwsNodePool(scope, `pool-${name}`, {
    ...machines,
    clusterTag: context.stop === undefined ? undefined : context.sources.uniqueName,
    name: `${plan.name}-${name}`,
    userData: boot(worker),
    headUserData: boot(head),
    permissions: [...permissions, ...secretPermissions(plan, worker)],
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
  logs: ClusterLogs | undefined,
): void {
  const head = made.find(({ _head }) => _head !== undefined)?._head;
  if (head === undefined) {
    return;
  }
  accessOutput(scope, plan, region.id, head.id, logs?.groupName);
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
  for (const { _head, _workers } of pools) {
    if (head !== undefined && _head === undefined && _workers !== undefined) {
      _workers.dependsOn = [...(_workers.dependsOn ?? []), resourceAddress(head)];
    }
  }
}

/**
 * From the start of the machines until the head has reported that it serves, or why not; whole minutes, so that another wait
 * is another `timeoutInMinutes` and so another stack: CloudFormation updates no wait condition.
 */
function waitSeconds(scope: Construct, servingSeconds: number): number {
  const seconds = Math.ceil((servingSeconds + REASON_SECONDS) / 60) * 60;
  reportProblems(scope, judge(WAIT_TOPIC, seconds, undefined));
  return Math.min(seconds, LONGEST_WAIT_SECONDS);
}
