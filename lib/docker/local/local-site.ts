import type { Construct } from "constructs";
import type { Problem } from "../../problems/problem";
import { judge } from "../../problems/rule";
import type { ClusterEndpoint, ClusterShape, IClusterSite } from "../../terraform/cluster-backend";
import { localAddresses } from "../../topology/plan/addressing";
import type { Place } from "../../topology/plan/place";
import type { ClusterPlan } from "../../topology/plan/plan";
import { defaultDockerHost } from "../container/provider";
import { buildLocalCluster } from "./local-cluster";
import { LOCAL_TOPICS, type LocalSettings } from "./local-rules";
import { checkNeighbours } from "./neighbours";

/** The place of one local cluster. */
export class LocalSite implements IClusterSite {
  public readonly place: Place;
  public readonly problems: readonly Problem[];

  public constructor(
    private readonly scope: Construct,
    shape: ClusterShape,
    private readonly settings: LocalSettings,
  ) {
    const { subnetCidr, cpusPerNode, objectStoreMiB, sharedMemoryMiB } = settings;
    this.place = {
      backend: "local",
      subnetCidr,
      addresses: localAddresses(subnetCidr, shape.pools),
      networkMode: "bridge",
      closedBy: "Docker's bridge network, which only this machine reaches",
      emulated: true,
      cpusPerNode,
      objectStoreMiB,
      sharedMemoryMiB,
    };
    this.problems = LOCAL_TOPICS.flatMap((topic) =>
      judge(topic, { ...settings, defaultDockerHost: defaultDockerHost(scope) }, undefined),
    );
  }

  public create(plan: ClusterPlan): ClusterEndpoint {
    checkNeighbours(this.scope, plan.name, this.settings);
    return buildLocalCluster(this.scope, plan, this.settings);
  }
}
