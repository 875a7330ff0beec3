import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type ClusterSite } from "../terraform/cluster-backend";
import { CloudInitSite } from "./cloud-init-site";
import { PacketFilter } from "../topology/declaration/packet-filter";
import { SecretSource } from "./secret-source";
import type { CloudInitBackendProps, CloudInitSettings } from "./settings";

export type { CloudInitBackendProps, RegistryLogin } from "./settings";

/**
 * Machines of any provider, or bare metal, that boot with cloud-init. The machines themselves are made by the user's
 * own resources: `CloudInitSite.of(cluster.site)` has the user data of each, and the same texts lie beside the stack as files
 * for NoCloud.
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

  /** @internal */
  public override _open(scope: Construct, declaration: ClusterDeclaration): ClusterSite {
    return new CloudInitSite(scope, declaration, this.settings);
  }
}
