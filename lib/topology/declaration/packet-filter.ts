/** Who may reach the ports for users, where a packet filter closes the others. */
export interface PacketFilterOptions {
  /**
   * IPv4 CIDRs that may reach the engine's API, besides the members of the cluster.
   *
   * @default - everybody
   */
  readonly clientCidrs?: readonly string[];
}

/**
 * What closes the ports of a cluster on machines that have no security groups: by default a table of nftables on each
 * machine, for the cluster's own ports only. Ports of others, and rules of others, stay as they are.
 *
 * @example
 * PacketFilter.nftables({ clientCidrs: ["10.0.0.0/8"] });
 */
export class PacketFilter {
  /** A table of nftables on each machine. */
  public static nftables({ clientCidrs = [] }: PacketFilterOptions = {}): PacketFilter {
    return new PacketFilter("nftables on each machine, for the ports of the cluster", [...clientCidrs]);
  }

  /**
   * Nothing is installed, because something else closes the ports.
   *
   * @param what its name, e.g. `the access lists of the switch`; the review shows it
   */
  public static by(what: string): PacketFilter {
    return new PacketFilter(what);
  }

  /** Nothing closes the ports. The review says who can reach what; a Ray that cannot authenticate is refused. */
  public static none(): PacketFilter {
    return new PacketFilter(undefined);
  }

  private constructor(
    /** @default - nothing */
    public readonly closedBy: string | undefined,
    /** IPv4 CIDRs; empty: everybody. @default - no table is made */
    public readonly clientCidrs?: readonly string[],
  ) {}
}
