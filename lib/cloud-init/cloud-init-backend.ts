import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type IClusterSite } from "../terraform/cluster-backend";
import { CloudInitSite } from "./cloud-init-site";
import { PacketFilter } from "../topology/declaration/packet-filter";
import { SecretSource } from "./secret-source";
import type { CloudInitBackendProps, CloudInitSettings } from "./settings";

export type { CloudInitBackendProps, RegistryLogin } from "./settings";

/**
 * Machines of any provider, or bare metal, that boot with cloud-init. The machines themselves are made by the user's
 * own resources: `CloudInitSite.of(cluster.site)` has the user data of each, and the same texts lie beside the stack as files
 * for NoCloud.
 *
 * @example
 * new CloudInitBackend({
 *   subnetCidr: "10.0.0.0/24",
 *   headAddress: "10.0.0.10",
 *   rayToken: SecretSource.file("/etc/ray-cluster/token"),
 * });
 */
export class CloudInitBackend extends ClusterBackend {
  private readonly settings: CloudInitSettings;

  public constructor(props: CloudInitBackendProps) {
    super();
    this.settings = {
      ...props,
      rayToken: props.rayToken ?? SecretSource.file("/etc/ray-cluster/ray-token"),
      packetFilter: props.packetFilter ?? PacketFilter.nftables(),
      bootTimeoutSeconds: props.bootTimeoutSeconds ?? 900,
    };
  }

  public override open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
    return CloudInitSite._open(scope, declaration, this.settings);
  }
}
