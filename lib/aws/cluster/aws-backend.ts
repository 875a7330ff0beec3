import type { Construct } from "constructs";
import {
  ClusterBackend,
  type ClusterDeclaration,
  type ClusterEndpoint,
} from "../../terraform/cluster-backend";
import type { Place } from "../../topology/plan/place";
import type { ClusterPlan } from "../../topology/plan/plan";
import { buildAwsCluster } from "./aws-cluster";
import type { AwsBackendProps } from "./backend-props";
import { backendSpec, headAddressOf } from "./backend-spec";
import { checkBackend } from "./backend-rules";
import { known } from "../known";

/**
 * Machines of EC2, made for the cluster: the head at its address, the workers in Auto Scaling groups of fixed size,
 * each booted by cloud-init into a node. A deployment returns when the cluster serves, or with the machine's own
 * reason why it does not.
 */
export class AwsBackend extends ClusterBackend {
  public readonly props: AwsBackendProps;

  public constructor(props: AwsBackendProps) {
    super();
    this.props = props;
  }

  /** @internal */
  public override _place(declaration: ClusterDeclaration): Place {
    const { network, objectStoreMiB, sharedMemoryMiB } = this.props;
    const spec = backendSpec(this.props, declaration);
    return {
      backend: "aws",
      // Where it is not known, a rule says so.
      subnetCidr: known(network.subnetCidr) ?? NO_NETWORK,
      addresses: {},
      headAddress: known(headAddressOf(this.props)) ?? usualAddress(this.props),
      networkMode: "host",
      emulated: false,
      objectStoreMiB,
      sharedMemoryMiB,
      startSpreadSeconds: spec.bootTimeoutSeconds,
      secretKinds: ["managed"],
      problems: checkBackend(spec),
    };
  }

  /** @internal */
  public override _build(scope: Construct, plan: ClusterPlan): ClusterEndpoint {
    return buildAwsCluster(scope, plan, this.props);
  }
}

/** Stand-ins that no other rule complains of. */
const NO_NETWORK = "10.0.0.0/16";
const NO_ADDRESS = "10.0.0.10";

function usualAddress(props: AwsBackendProps): string {
  return headAddressOf({ ...props, headAddress: undefined }) ?? NO_ADDRESS;
}
