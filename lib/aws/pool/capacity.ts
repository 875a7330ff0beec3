/** What happens to a spot machine that is interrupted. */
export enum SpotInterruption {
  TERMINATE = "terminate",
  STOP = "stop",
  HIBERNATE = "hibernate",
}

export type CapacityKind = "on-demand" | "reservation" | "capacity-block" | "ultra-server-block" | "spot";

/** Options of reserved capacity. */
export interface ReservedCapacityOptions {
  /**
   * Zone of the reservation; a network in another zone is then an error at synth.
   *
   * @default - not compared
   */
  readonly availabilityZone?: string;
}

/** Options of spot capacity. */
export interface SpotOptions {
  /**
   * What happens to a machine that is interrupted.
   *
   * @default SpotInterruption.TERMINATE
   */
  readonly interruption?: SpotInterruption;
}

/** How machines are paid for. A deployment never buys reservations or blocks: they exist and are named by their id. */
export class Capacity {
  /** At the on-demand price, if EC2 has free machines. */
  public static onDemand(): Capacity {
    return new Capacity("on-demand");
  }

  /**
   * From an On-Demand Capacity Reservation.
   *
   * @param id e.g. `cr-0123456789abcdef0`
   */
  public static reservation(id: string, options: ReservedCapacityOptions = {}): Capacity {
    return new Capacity("reservation", id, options.availabilityZone);
  }

  /**
   * From a Capacity Block for ML. It ends at 11:30 UTC of its last day, its machines at 11:00.
   *
   * @param id id of the block's reservation, e.g. `cr-0123456789abcdef0`
   */
  public static capacityBlock(id: string, options: ReservedCapacityOptions = {}): Capacity {
    return new Capacity("capacity-block", id, options.availabilityZone);
  }

  /**
   * From an UltraServer's Capacity Block, the only way to launch P6e-GB200.
   *
   * @param resourceGroupArn ARN of the resource group with the block's reservations
   */
  public static ultraServerBlock(resourceGroupArn: string, options: ReservedCapacityOptions = {}): Capacity {
    return new Capacity("ultra-server-block", resourceGroupArn, options.availabilityZone);
  }

  /** Machines that may be interrupted at any time; the whole engine stops with one of them. */
  public static spot(options: SpotOptions = {}): Capacity {
    return new Capacity("spot", undefined, undefined, options.interruption ?? SpotInterruption.TERMINATE);
  }

  private constructor(
    public readonly kind: CapacityKind,
    /** Reservation, or ARN of a resource group. @default - none */
    public readonly id?: string,
    /** Zone of the reservation. @default - not stated */
    public readonly availabilityZone?: string,
    /** Of spot machines. @default - they are not spot machines */
    public readonly interruption?: SpotInterruption,
  ) {}

  /** Whether EC2 places the machines close to one another by itself. */
  public get bringsPlacement(): boolean {
    return this.kind === "capacity-block" || this.kind === "ultra-server-block";
  }
}
