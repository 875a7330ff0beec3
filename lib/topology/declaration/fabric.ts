/**
 * Network between the nodes that carries the collectives. Always chosen by name: a declared fabric
 * never silently becomes TCP.
 *
 * @example
 * Fabric.of("infiniband");
 */
export class Fabric {
  /** Elastic Fabric Adapter. */
  public static readonly EFA = new Fabric("efa");
  /** InfiniBand, by RDMA. */
  public static readonly INFINIBAND = new Fabric("infiniband");
  /** RDMA over Converged Ethernet; on Ascend the network plane of the NPUs. */
  public static readonly ROCE = new Fabric("roce");
  /** Plain sockets: for emulated accelerators and for one node; slow between nodes of real ones. */
  public static readonly TCP = new Fabric("tcp");

  /**
   * A fabric by its key in the catalogue.
   *
   * @param id key, e.g. `efa`. An unknown one is reported by the plan (RC090), with the nearest known key.
   */
  public static of(id: string): Fabric {
    return new Fabric(id);
  }

  private constructor(
    /** Key in the catalogue. */
    public readonly id: string,
  ) {}
}
