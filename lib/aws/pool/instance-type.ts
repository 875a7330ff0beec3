import {
  acceleratorsOfInstance,
  allInstanceTypes,
  findInstancePrice,
  findInstanceType,
  type InstanceType,
} from "../../catalog/instance-types";
import { Accelerator } from "../../topology/declaration/accelerator";
import type { NodePool } from "../../topology/declaration/cluster-props";
import { didYouMean } from "../../problems/text";

/** A machine type of EC2 with what the catalogue knows of it. */
export class AwsInstanceType {
  /**
   * A type by its name.
   *
   * @param name e.g. `p5.48xlarge`
   * @throws Error for one that the catalogue does not know
   */
  public static of(name: string): AwsInstanceType {
    const facts = findInstanceType(name);
    if (facts === undefined) {
      const known = allInstanceTypes().map(({ id }) => id);
      throw new Error(
        `the catalogue has no instance type '${name}': ${didYouMean(name, known, "add its rows to lib/catalog/instance-*.json")} ` +
          `(known: ${known.join(", ")})`,
      );
    }
    return new AwsInstanceType(facts);
  }

  /** As EC2 calls it. */
  public readonly name: string;
  /** What Ray counts on it. */
  public readonly accelerator: Accelerator;
  /** How many: its GPUs, or the cores of its chips. */
  public readonly acceleratorsPerNode: number;
  /** List price without commitment, in the region of the catalogue's price list. @default - the list has none */
  public readonly onDemandUsdPerHour?: number;

  private constructor(facts: InstanceType) {
    this.name = facts.id;
    this.accelerator = Accelerator.of(facts.accelerator);
    this.acceleratorsPerNode = acceleratorsOfInstance(facts);
    this.onDemandUsdPerHour = findInstancePrice(facts.id)?.onDemandUsdPerHour;
  }

  /** A pool of such machines with all their accelerators. */
  public nodePool(name: string, nodes: number): NodePool {
    return { name, nodes, accelerator: this.accelerator, acceleratorsPerNode: this.acceleratorsPerNode };
  }
}
