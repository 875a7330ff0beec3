import { findInstanceType } from "../../catalog/instance-types";
import { oneOf, show } from "../../problems/text";
import { SpotInterruption } from "./capacity";
import type { PoolSpec } from "./pool-spec";
import type { AwsRule } from "../rule";

/** What must hold between a pool's machines and the way they are paid for. */
export const capacityRules: readonly AwsRule<PoolSpec>[] = [
  {
    id: "RC420",
    title: "A spot machine of a group ends when it is taken back.",
    check: ({ capacity: { kind, interruption }, network, nodes, hasHead }) => {
      const isGrouped = network.hasPlacementGroup || nodes > (hasHead ? 1 : 0);
      return kind !== "spot" || interruption === SpotInterruption.TERMINATE || !isGrouped
        ? undefined
        : {
            path: "capacity.interruption",
            got: show(interruption),
            allowed: "must be 'terminate' in a placement group or an Auto Scaling group",
            fix: "leave it out: the pool starts another machine",
          };
    },
  },
  {
    id: "RC421",
    title: "The instance type is offered as spot.",
    check: ({ capacity: { kind }, instanceType }) => {
      const type = findInstanceType(instanceType);
      return kind !== "spot" || type === undefined || type.spot
        ? undefined
        : {
            path: "capacity",
            got: "spot",
            allowed: `must not be spot: EC2 offers none for ${instanceType}`,
            fix: type.ultraServerOnly ? "use Capacity.ultraServerBlock" : "use Capacity.onDemand",
          };
    },
  },
  {
    id: "RC422",
    title: "The instance type is offered in Capacity Blocks.",
    check: ({ capacity: { kind }, instanceType }) => {
      const type = findInstanceType(instanceType);
      return kind !== "capacity-block" || type === undefined || (type.capacityBlock && !type.ultraServerOnly)
        ? undefined
        : {
            path: "capacity",
            got: "a capacity block",
            allowed: `must be another kind: EC2 has no such blocks of ${instanceType}`,
            fix: type.ultraServerOnly ? "use Capacity.ultraServerBlock" : "use Capacity.onDemand",
          };
    },
  },
  {
    id: "RC423",
    title: "A member of an UltraServer comes out of an UltraServer's block.",
    check: ({ capacity: { kind }, instanceType }) => {
      const type = findInstanceType(instanceType);
      const isRight = type?.ultraServerOnly === (kind === "ultra-server-block");
      // The two rules above speak of spot and of plain blocks.
      const isSaid = kind === "spot" || kind === "capacity-block";
      return type === undefined || isRight || isSaid
        ? undefined
        : {
            path: "capacity",
            got: show(kind),
            allowed: type.ultraServerOnly
              ? `must be an UltraServer's block: ${instanceType} cannot be launched alone`
              : `must be ${oneOf(["on-demand", "reservation", "capacity-block", "spot"])}: ${instanceType} is no member of an UltraServer`,
            fix: type.ultraServerOnly ? "use Capacity.ultraServerBlock" : "use Capacity.capacityBlock",
          };
    },
  },
  {
    id: "RC424",
    title: "Reserved capacity is named by its id.",
    check: ({ capacity: { kind, id } }) => {
      const isGroup = kind === "ultra-server-block";
      const pattern = isGroup ? /^arn:aws[\w-]*:resource-groups:\S+$/ : /^cr-[0-9a-f]{8,17}$/;
      return id === undefined || pattern.test(id)
        ? undefined
        : {
            path: "capacity.id",
            got: show(id),
            allowed: isGroup
              ? "must be the ARN of a resource group"
              : "must be the id of a reservation, such as 'cr-0123456789abcdef0'",
            fix: "copy it from the console, under Capacity Reservations; a deployment buys none",
          };
    },
  },
];
