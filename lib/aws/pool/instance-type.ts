import { acceleratorsOfInstance, allInstanceTypes, findInstancePrice } from "../../catalog/instance-types";
import { nearest } from "../../problems/text";
import { Accelerator } from "../../topology/declaration/accelerator";
import type { NodePool } from "../../topology/declaration/cluster-props";
import { catalogueFacts, type InstanceFacts } from "./instance-facts";

/** An instance type that the catalogue does not hold, as `aws ec2 describe-instance-types` shows it. */
export interface InstanceTypeProps {
  /** As EC2 calls it, e.g. `m7i.2xlarge`. */
  readonly name: string;
  /** Virtual processors, as EC2 counts them. */
  readonly vCpus: number;
  /** Main memory in GiB. */
  readonly memoryGiB: number;
  /**
   * Its GPUs or chips.
   *
   * @default - it has none, as a machine for a head alone
   */
  readonly accelerator?: Accelerator;
  /**
   * GPUs or chips of the machine.
   *
   * @default - 1 with an accelerator, else 0
   */
  readonly devices?: number;
  /**
   * Whether its processor is a Graviton (`arm64`).
   *
   * @default false
   */
  readonly isArm?: boolean;
  /**
   * Local disks, lost when the machine stops.
   *
   * @default 0
   */
  readonly instanceStoreDisks?: number;
  /**
   * Size of one local disk in GB.
   *
   * @default 0
   */
  readonly instanceStoreDiskGB?: number;
  /**
   * Generation of its Nitro card: from 6 on, EC2 forgets idle connections after 350 s unless told otherwise.
   *
   * @default 4
   */
  readonly nitro?: number;
  /**
   * Network cards.
   *
   * @default 1
   */
  readonly networkCards?: number;
  /**
   * Numbers of the cards that take an EFA interface.
   *
   * @default - none: the machines have no EFA
   */
  readonly efaCards?: readonly number[];
  /**
   * Whether EC2 offers it as spot.
   *
   * @default true
   */
  readonly spot?: boolean;
  /**
   * Whether EC2 offers it in Capacity Blocks.
   *
   * @default false
   */
  readonly capacityBlock?: boolean;
  /**
   * On-demand price in USD per hour.
   *
   * @default - unknown: the review says so, and the price limit does not count it
   */
  readonly onDemandUsdPerHour?: number;
}

/**
 * A machine type of EC2 with what is known of it.
 *
 * @example
 * AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2);
 */
export class AwsInstanceType {
  /**
   * A type by its name.
   *
   * @param name e.g. `p5.48xlarge`. An unknown one is reported by whatever is built of it (RC400), with the nearest
   *        known name.
   */
  public static of(name: string): AwsInstanceType {
    // A typo is one problem: the accelerators are those of the type that was most likely meant.
    const meant = nearest(
      name,
      allInstanceTypes().map(({ id }) => id),
    );
    return new AwsInstanceType(name, { ...catalogueFacts(meant ?? name), price: findInstancePrice(name) });
  }

  /**
   * A type that the catalogue does not hold, or that it has wrong. Name it in `instanceTypes` of the backend (or the node pool)
   * too, which is where its facts are looked up.
   */
  public static fromFacts(props: InstanceTypeProps): AwsInstanceType {
    const { name: id, accelerator, efaCards = [], onDemandUsdPerHour } = props;
    return new AwsInstanceType(id, {
      type: {
        id,
        accelerator: accelerator?.id ?? null,
        devices: props.devices ?? (accelerator === undefined ? 0 : 1),
        vCpus: props.vCpus,
        memoryGiB: props.memoryGiB,
        instanceStoreDisks: props.instanceStoreDisks ?? 0,
        instanceStoreDiskGB: props.instanceStoreDiskGB ?? 0,
        architecture: props.isArm === true ? "arm64" : "x86_64",
        nitro: props.nitro ?? 4,
        spot: props.spot ?? true,
        capacityBlock: props.capacityBlock ?? false,
        ultraServerOnly: false,
      },
      network: {
        networkCards: props.networkCards ?? 1,
        efaCards: [...efaCards],
        maximumIpCards: [],
      },
      price: onDemandUsdPerHour === undefined ? undefined : { onDemandUsdPerHour },
    });
  }

  /** What Ray counts on it. @default - it has none, or the type is unknown */
  public readonly accelerator?: Accelerator;
  /** How many: its GPUs, or the cores of its chips. */
  public readonly acceleratorsPerNode: number;
  /** On-demand price: as declared, else in the region of the catalogue's price list. @default - unknown */
  public readonly onDemandUsdPerHour?: number;

  private constructor(
    /** As EC2 calls it. */
    public readonly name: string,
    /** @internal */
    public readonly _facts: InstanceFacts,
  ) {
    const { type, price } = _facts;
    this.accelerator = type?.accelerator == null ? undefined : Accelerator.of(type.accelerator);
    this.acceleratorsPerNode = type === undefined ? 0 : acceleratorsOfInstance(type);
    this.onDemandUsdPerHour = price?.onDemandUsdPerHour;
  }

  /** A pool of such machines with all their accelerators. */
  public nodePool(name: string, nodes: number): NodePool {
    return {
      name,
      nodes,
      machineType: this.name,
      accelerator: this.accelerator,
      acceleratorsPerNode: this.acceleratorsPerNode,
    };
  }
}
