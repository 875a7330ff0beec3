import {
  acceleratorsOfInstance,
  allInstanceTypes,
  findInstancePrice,
  findInstanceType,
} from "../../catalog/instance-types";
import { nearest } from "../../problems/text";
import { Accelerator } from "../../topology/declaration/accelerator";
import type { NodePool } from "../../topology/declaration/cluster-props";

/** A machine type of EC2 with what the catalogue knows of it. */
export class AwsInstanceType {
  /**
   * A type by its name.
   *
   * @param name e.g. `p5.48xlarge`. An unknown one is reported by whatever is built of it (RC400), with the nearest
   *        known name.
   */
  public static of(name: string): AwsInstanceType {
    return new AwsInstanceType(name);
  }

  /** What Ray counts on it. @default - the catalogue does not know the type */
  public readonly accelerator?: Accelerator;
  /** How many: its GPUs, or the cores of its chips. */
  public readonly acceleratorsPerNode: number;
  /** On-demand price in the region of the catalogue's price list. @default - the list has none */
  public readonly onDemandUsdPerHour?: number;

  private constructor(
    /** As EC2 calls it. */
    public readonly name: string,
  ) {
    // A typo is one problem: the accelerators are those of the type that was most likely meant.
    const meant = nearest(
      name,
      allInstanceTypes().map(({ id }) => id),
    );
    const facts = findInstanceType(meant ?? name);
    this.accelerator = facts && Accelerator.of(facts.accelerator);
    this.acceleratorsPerNode = facts === undefined ? 0 : acceleratorsOfInstance(facts);
    this.onDemandUsdPerHour = findInstancePrice(name)?.onDemandUsdPerHour;
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
