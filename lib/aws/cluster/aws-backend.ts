import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type ClusterSite } from "../../terraform/cluster-backend";
import type { Place } from "../../topology/plan/place";
import { buildAwsCluster } from "./aws-cluster";
import type { AwsBackendProps } from "./backend-props";
import { backendSpec, type BackendSpec, headAddressOf } from "./backend-spec";
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
  public override _open(scope: Construct, declaration: ClusterDeclaration): ClusterSite {
    const spec = backendSpec(this.props, declaration);
    return {
      place: this.place(spec),
      problems: checkBackend(spec),
      build: (plan) => buildAwsCluster(scope, plan, this.props),
    };
  }

  private place(spec: BackendSpec): Place {
    const { network, objectStoreMiB, sharedMemoryMiB } = this.props;
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
    };
  }
}

/** Stand-ins that no other rule complains of. */
const NO_NETWORK = "10.0.0.0/16";
const NO_ADDRESS = "10.0.0.10";

function usualAddress(props: AwsBackendProps): string {
  return headAddressOf({ ...props, headAddress: undefined }) ?? NO_ADDRESS;
}
