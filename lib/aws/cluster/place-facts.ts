import { Token } from "cdktf";
import { Construct } from "constructs";
import { type GrantedActions, type PlaceFacts, unpriced } from "../../review/place-facts";
import type { ClusterPlan } from "../../topology/plan/plan";
import { known } from "../known";
import type { IClusterNetwork } from "../network/network-props";
import type { Permission } from "../policy";
import { machinesPrices } from "../pool/machines-price";
import { writesLogs } from "./cluster-logs";
import { networkLimits } from "../storage/read-speeds";
import type { SiteDecisions, SitePool } from "./site-decisions";

/** What a person must know of a cluster on EC2 before it is made. */
export function awsPlaceFacts(
  plan: ClusterPlan,
  { props, pools, storage, bootTimeoutSeconds }: SiteDecisions,
  permissions: readonly Permission[],
  givesUpAfterSeconds: number,
): PlaceFacts {
  const { network, clientCidrs = [], maxUsdPerHour } = props;
  const group = known(network.securityGroupId);
  const heldBy = group === undefined ? "the network's security group" : `security group ${group}`;
  const own = storage.filter(({ mount }) => mount === undefined).map(({ hostPath }) => hostPath);
  const mounted = storage.filter(({ mount }) => mount !== undefined);
  // What exists already is plain data.
  const [lost, kept] = [true, false].map((isLost) =>
    mounted
      .filter((one) => (Construct.isConstruct(one) && one.isRetained !== true) === isLost)
      .map(
        ({ mountPath, isRetained }) =>
          `file system at ${mountPath}${isRetained === true ? ", protected: **destroy of its stack fails**" : ""}`,
      ),
  );
  return {
    prices: [
      ...pools.flatMap(({ machines }) => machinesPrices(machines)),
      ...(writesLogs(props) ? [unpriced("CloudWatch Logs by volume", 1)] : []),
    ],
    limitUsdPerHour:
      maxUsdPerHour === undefined ? "none" : Token.isUnresolved(maxUsdPerHour) ? "late" : maxUsdPerHour,
    reach: {
      clients: clientCidrs.map(late),
      apiHeldBy: heldBy,
      clusterHeldBy: heldBy,
      wayOut: wayOut(network),
    },
    permissions: permissions.map(granted),
    destroy: {
      lost: [
        "all machines and their disks",
        ...own.map((path) => `${path} of each machine`),
        ...lost.map((what) => `**${what}, without a backup**`),
        "the Ray token",
        ...(writesLogs(props) ? ["the logs in CloudWatch"] : []),
      ],
      kept,
    },
    givesUpAfterSeconds,
    readSpeeds: storage.flatMap(({ readSpeed }) =>
      readSpeed === undefined
        ? []
        : [{ ...readSpeed, limits: [...readSpeed.limits, ...networkLimits(bandwidths(pools))] }],
    ),
    endsAfterFailure: props.onFailure === "stop",
    bootSeconds: bootTimeoutSeconds,
    recovery: {
      worker: "Its Auto Scaling group makes another one, if EC2 has the capacity.",
      head: "EC2 restarts it where the machine itself is well; a lost one comes back with the next `cdktf deploy`.",
      site: "everything is in one zone, which EFA does not leave: the cluster is down until the zone is back",
      storage:
        plan.staging === undefined
          ? "the engine keeps what it has loaded; it cannot restart until the storage is back"
          : "the engine keeps what it has loaded; before it restarts, the model is fetched again where it is missing",
    },
  };
}

function wayOut({ egressCidrs, reachesOutside }: IClusterNetwork): string {
  if (egressCidrs === undefined) {
    return reachesOutside === false ? "AWS services of the network only" : "as the given security group says";
  }
  return egressCidrs.includes("0.0.0.0/0")
    ? "**the whole internet** over HTTP and HTTPS"
    : egressCidrs.length === 0
      ? "AWS services of the network only"
      : `${egressCidrs.map(late).join(", ")} over HTTP and HTTPS`;
}

function granted({ actions, resources }: Permission): GrantedActions {
  return { actions, resources: resources.map(late) };
}

function late(text: string): string {
  return known(text) ?? "known at apply";
}

/** Of the machines that load the weights. With several cards it is not known what the one with the address has. */
function bandwidths(pools: readonly SitePool[]): readonly number[] {
  return pools
    .map(({ machines }) => machines.facts)
    .filter(({ type, network }) => type?.accelerator !== null && network?.networkCards === 1)
    .flatMap(({ network }) => network?.bandwidthGbps ?? []);
}
