import type { Construct } from "constructs";
import type { Problem } from "../../problems/problem";
import type { ClusterDeclaration, ClusterEndpoint, ClusterSite } from "../../terraform/cluster-backend";
import type { Place } from "../../topology/plan/place";
import type { ClusterPlan } from "../../topology/plan/plan";
import { known } from "../known";
import { buildAwsCluster } from "./aws-cluster";
import type { AwsBackendProps } from "./backend-props";
import { checkBackend } from "./backend-rules";
import { backendSpec } from "./backend-spec";
import { decideSite, type SiteDecisions } from "./site-decisions";

/** Stand-ins for what is not known at synth, which RC438 reports. */
const NO_NETWORK = "10.0.0.0/16";
const NO_ADDRESS = "10.0.0.10";

/** The place of one cluster on EC2. */
export class AwsSite implements ClusterSite {
  public readonly place: Place;
  public readonly problems: readonly Problem[];
  private readonly decisions: SiteDecisions;

  public constructor(
    private readonly scope: Construct,
    props: AwsBackendProps,
    declaration: ClusterDeclaration,
  ) {
    this.decisions = decideSite(props, declaration);
    const { headAddress, bootTimeoutSeconds } = this.decisions;
    this.problems = checkBackend(backendSpec(this.decisions, declaration));
    this.place = {
      backend: "aws",
      subnetCidr: known(props.network.subnetCidr) ?? NO_NETWORK,
      addresses: {},
      headAddress: headAddress ?? NO_ADDRESS,
      networkMode: "host",
      createsMachines: true,
      emulated: false,
      objectStoreMiB: props.objectStoreMiB,
      sharedMemoryMiB: props.sharedMemoryMiB,
      startSpreadSeconds: bootTimeoutSeconds,
      secretKinds: ["managed"],
    };
  }

  public build(plan: ClusterPlan): ClusterEndpoint {
    return buildAwsCluster(this.scope, plan, this.decisions);
  }
}
