import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type IClusterSite } from "../../terraform/cluster-backend";
import { known } from "../known";
import { buildAwsCluster } from "./aws-cluster";
import type { AwsBackendProps } from "./backend-props";
import { checkBackend } from "./backend-rules";
import { decideSite } from "./site-decisions";

/** Stand-ins for what is not known at synth, which RC438 reports. */
const NO_NETWORK = "10.0.0.0/16";
const NO_ADDRESS = "10.0.0.10";

/**
 * Machines of EC2 that are created for the cluster: the head at its address, the workers in Auto Scaling groups of
 * fixed size, each booted into a node by cloud-init. A deployment returns when the cluster serves, or fails with the
 * reason why it does not.
 *
 * @example
 * const network = new AwsClusterNetwork(this, "net", { availabilityZone: "us-east-1a" });
 * new AwsBackend({ network, maxUsdPerHour: 250, clientCidrs: ["10.0.0.0/8"] });
 */
export class AwsBackend extends ClusterBackend {
  public constructor(private readonly props: AwsBackendProps) {
    super();
  }

  public override open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
    const { network, objectStoreMiB, sharedMemoryMiB } = this.props;
    const decisions = decideSite(this.props, declaration);
    return {
      place: {
        backend: "aws",
        subnetCidr: known(network.subnetCidr) ?? NO_NETWORK,
        addresses: {},
        headAddress: decisions.headAddress ?? NO_ADDRESS,
        networkMode: "host",
        closedBy: "the security group of the machines, and those of its clients",
        createsMachines: true,
        emulated: false,
        objectStoreMiB,
        sharedMemoryMiB,
        startSpreadSeconds: decisions.bootTimeoutSeconds,
        secretKinds: ["managed"],
      },
      problems: checkBackend(decisions),
      create: (plan) => buildAwsCluster(scope, plan, decisions),
    };
  }
}
