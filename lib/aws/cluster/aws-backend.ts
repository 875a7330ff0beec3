import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type ClusterSite } from "../../terraform/cluster-backend";
import { AwsSite } from "./aws-site";
import type { AwsBackendProps } from "./backend-props";

/**
 * Machines of EC2 that are created for the cluster: the head at its address, the workers in Auto Scaling groups of
 * fixed size, each booted into a node by cloud-init. A deployment returns when the cluster serves, or fails with the
 * reason why it does not.
 */
export class AwsBackend extends ClusterBackend {
  public constructor(private readonly props: AwsBackendProps) {
    super();
  }

  /** @internal */
  public override _open(scope: Construct, declaration: ClusterDeclaration): ClusterSite {
    return new AwsSite(scope, this.props, declaration);
  }
}
