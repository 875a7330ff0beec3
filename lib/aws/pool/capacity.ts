/** What happens to a spot machine that is interrupted. */
export enum SpotInterruption {
  /** The machine ends. */
  TERMINATE = "terminate",
  /** It stops, and starts again with its volumes when EC2 has capacity. */
  STOP = "stop",
  /** As `STOP`, with its memory on the root volume. */
  HIBERNATE = "hibernate",
}

/** Between the end of the workers and that of their machines by EC2. */
const EARLIER_MINUTES = 15;

/** How machines are paid for. */
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

/** Options of an On-Demand Capacity Reservation. */
export interface ReservationOptions extends ReservedCapacityOptions {
  /**
   * Cluster placement group in which the reservation was created. That of the network is not used beside a reservation: it
   * holds no reserved capacity.
   *
   * @default - none; EC2 places the machines where the reservation has them
   */
  readonly placementGroupName?: string;
  /**
   * Whether workers for which the reservation has no room are started on demand. The head is started first, and only in the
   * reservation: EC2 knows such an order for Auto Scaling groups alone
   * (docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CapacityReservationSpecification.html).
   *
   * @default false
   */
  readonly fallsBackToOnDemand?: boolean;
}

/** Options of a Capacity Block. */
export interface CapacityBlockOptions extends ReservedCapacityOptions {
  /**
   * End of the block in UTC, as the console shows it, e.g. `2026-12-24T11:30:00Z`. EC2 terminates the machines 30 minutes before
   * (UltraServers: 60); their group then goes to zero a quarter of an hour earlier, and starts no others in vain.
   *
   * @default - not known: the group tries to replace machines that EC2 has taken
   */
  readonly endsAt?: string;
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

/**
 * How machines are paid for. A deployment never buys reservations or blocks: they exist and are named by their id.
 *
 * @example
 * Capacity.reservation("cr-0123456789abcdef0");
 */
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
  public static reservation(id: string, options: ReservationOptions = {}): Capacity {
    const { availabilityZone, placementGroupName, fallsBackToOnDemand = false } = options;
    return new Capacity(
      "reservation",
      id,
      availabilityZone,
      undefined,
      placementGroupName,
      undefined,
      fallsBackToOnDemand,
    );
  }

  /**
   * From a Capacity Block for ML. It ends at 11:30 UTC of its last day, its machines at 11:00; with `endsAt` workers end before
   * (docs.aws.amazon.com/autoscaling/ec2/userguide/launch-template-capacity-blocks.html).
   *
   * @param id id of the block's reservation, e.g. `cr-0123456789abcdef0`
   */
  public static capacityBlock(id: string, options: CapacityBlockOptions = {}): Capacity {
    const { availabilityZone, endsAt } = options;
    return new Capacity("capacity-block", id, availabilityZone, undefined, undefined, endsAt);
  }

  /**
   * From an UltraServer's Capacity Block, the only way to launch P6e-GB200.
   *
   * @param resourceGroupArn ARN of the resource group with the block's reservations
   */
  public static ultraServerBlock(resourceGroupArn: string, options: CapacityBlockOptions = {}): Capacity {
    const { availabilityZone, endsAt } = options;
    return new Capacity(
      "ultra-server-block",
      resourceGroupArn,
      availabilityZone,
      undefined,
      undefined,
      endsAt,
    );
  }

  /** Machines that may be interrupted at any time; the whole engine stops with one of them. */
  public static spot(options: SpotOptions = {}): Capacity {
    return new Capacity("spot", undefined, undefined, options.interruption ?? SpotInterruption.TERMINATE);
  }

  private constructor(
    /** How the machines are paid for. */
    public readonly kind: CapacityKind,
    /** Reservation, or ARN of a resource group. @default - none */
    public readonly id?: string,
    /** Zone of the reservation. @default - not stated */
    public readonly availabilityZone?: string,
    /** Of spot machines. @default - they are not spot machines */
    public readonly interruption?: SpotInterruption,
    /** In which the reservation was created. @default - none, or not stated */
    public readonly placementGroupName?: string,
    /** End of a block. @default - not known, or it has none */
    public readonly endsAt?: string,
    /** Whether workers beyond the reservation are started on demand. */
    public readonly fallsBackToOnDemand = false,
  ) {}

  /** When the workers of a block are ended, before EC2 does it. @default - the end is not known */
  public get workersEndAt(): string | undefined {
    const end = Date.parse(this.endsAt ?? "");
    const minutes = (this.kind === "ultra-server-block" ? 60 : 30) + EARLIER_MINUTES;
    // As the API takes it, without fractions of a second.
    return Number.isNaN(end) ? undefined : new Date(end - minutes * 60_000).toISOString().replace(".000", "");
  }

  /** Whether the capacity has a place of its own, beside which EC2 takes no other placement group. */
  public get bringsPlacement(): boolean {
    return this.kind === "reservation" || this.isBlock;
  }

  /** Whether the machines are those of a Capacity Block, which EC2 sells on a market of its own. */
  public get isBlock(): boolean {
    return this.kind === "capacity-block" || this.kind === "ultra-server-block";
  }
}
