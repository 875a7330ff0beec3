import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { ClusterBackend, type ClusterDeclaration, type IClusterSite } from "../../terraform/cluster-backend";
import type { NodeSizeProps } from "../../topology/declaration/node-size-props";
import { type HostMachine, withDefaults } from "./host-machine";
import type { HostsDeclaration } from "./hosts-declaration";
import { HostsSite } from "./hosts-site";
import { machinesOf, readInventory } from "./inventory";
import { PacketFilter } from "../../topology/declaration/packet-filter";

/** Settings of the place besides its machines. */
export interface HostsBackendOptions extends NodeSizeProps {
  /**
   * How long a machine may take to pull the image, in seconds.
   *
   * @default 7200
   */
  readonly imagePullTimeoutSeconds?: number;
  /**
   * Registries that require a login for the image, e.g. `quay.io`. The machines pull with the credentials of
   * `docker login` on the machine that runs Terraform; none of them stores any.
   *
   * @default - none
   */
  readonly registryLogins?: readonly string[];
  /**
   * What closes the cluster's ports to strangers. nftables needs root on the machines, or sudo without a password.
   *
   * @default PacketFilter.nftables()
   */
  readonly packetFilter?: PacketFilter;
}

/** Existing machines, and settings of the place. */
export interface HostsBackendProps extends HostsBackendOptions {
  /** The machines, one for each node; the first one is the head. */
  readonly hosts: readonly HostMachine[];
  /** IPv4 CIDR of the network that the machines share. */
  readonly subnetCidr: string;
  /**
   * User for ssh: root, or a member of the group `docker`.
   *
   * @default 'root'
   */
  readonly sshUser?: string;
  /**
   * Port for ssh.
   *
   * @default 22
   */
  readonly sshPort?: number;
  /**
   * Options of ssh as in its configuration file, e.g. `IdentityFile=~/.ssh/cluster`.
   *
   * @default - none besides the user's own configuration
   */
  readonly sshOptions?: readonly string[];
}

/** Context of `cdktf.json` that names the inventory. */
const CONTEXT_KEY = "inventory";

/**
 * Existing machines: Ascend servers, one-click GPU clusters. Each is reached by ssh, and its Docker engine runs one
 * node. Machines with example addresses (RFC 5737) can be synthesized, but not deployed to.
 *
 * @example
 * new HostsBackend({
 *   subnetCidr: "10.20.0.0/24",
 *   hosts: [{ name: "gpu-1", sshHost: "10.1.0.1", address: "10.20.0.1" }],
 * });
 */
export class HostsBackend extends ClusterBackend {
  /**
   * The machines of an inventory file (YAML), whose names are those of `HostsBackendProps` and `HostMachine`.
   *
   * @param path relative to the folder of `cdktf.json`
   */
  public static fromInventory(path: string, options: HostsBackendOptions = {}): ClusterBackend {
    const inventory = readInventory(path);
    const { subnetCidr } = inventory;
    return new InventoryBackend({
      ...settingsOf(options),
      subnetCidr,
      machines: machinesOf(inventory),
      inventory,
    });
  }

  /**
   * The machines of the inventory file that the context `inventory` names: a path, or an object with one path
   * for each stack. Set it in `cdktf.json` or with `--context inventory=<path>`.
   *
   * @throws Error if the context names none
   */
  public static fromContext(scope: Construct, options: HostsBackendOptions = {}): ClusterBackend {
    const value: unknown = scope.node.tryGetContext(CONTEXT_KEY);
    const stack = TerraformStack.of(scope).node.id;
    const path =
      typeof value === "object" && value !== null
        ? (value as { readonly [stack: string]: unknown })[stack]
        : value;
    if (typeof path !== "string") {
      throw new Error(
        `Missing input: the inventory of '${scope.node.path}'. Set "context": { "${CONTEXT_KEY}": "machines.yaml" } ` +
          "in cdktf.json, or an object with one file for each stack.",
      );
    }
    return HostsBackend.fromInventory(path, options);
  }

  private readonly declaration: HostsDeclaration;

  public constructor({ hosts, subnetCidr, sshUser, sshPort, sshOptions, ...options }: HostsBackendProps) {
    super();
    const machines = hosts.map((host) => withDefaults(host, { sshUser, sshPort, sshOptions }));
    this.declaration = { ...settingsOf(options), subnetCidr, machines };
  }

  public override open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
    return new HostsSite(scope, declaration, this.declaration);
  }
}

/** The machines of a file, of which anything may be missing. */
class InventoryBackend extends ClusterBackend {
  public constructor(private readonly declaration: HostsDeclaration) {
    super();
  }

  public override open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
    return new HostsSite(scope, declaration, this.declaration);
  }
}

function settingsOf({
  imagePullTimeoutSeconds = 7200,
  registryLogins = [],
  packetFilter = PacketFilter.nftables(),
  ...sizes
}: HostsBackendOptions): Omit<HostsDeclaration, "machines"> {
  return { ...sizes, imagePullTimeoutSeconds, registryLogins, packetFilter };
}
