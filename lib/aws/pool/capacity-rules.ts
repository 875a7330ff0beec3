import { unless } from "../../problems/checks";
import { errorRule, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { fits } from "../known";
import { SpotInterruption } from "./capacity";
import type { PoolMachines, PoolPaths } from "./pool-machines";

/** What must hold between a pool's machines and the way they are paid for. */
export const CAPACITY_TOPIC: Topic<PoolMachines, PoolPaths> = {
  title: "EC2: capacity",
  rules: [
    errorRule("RC420", {
      title: "A spot machine of a group is terminated when it is interrupted",
      why: "EC2 neither stops nor hibernates machines of a placement group or an Auto Scaling group.",
      check: ({ capacity: { kind, interruption }, network, nodes, headAddress }, { options }) => {
        const isGrouped =
          network.placementGroupName !== undefined || nodes > (headAddress === undefined ? 0 : 1);
        return unless(kind !== "spot" || interruption === SpotInterruption.TERMINATE || !isGrouped, {
          path: `${options}capacity.interruption`,
          got: show(interruption),
          must: "be 'terminate' in a placement group or an Auto Scaling group",
          fix: "leave it out; the Auto Scaling group starts another machine",
        });
      },
    }),
    errorRule("RC421", {
      title: "The instance type is offered as spot",
      why: "EC2 refuses the launch.",
      check: ({ capacity: { kind }, instanceType, facts: { type } }, { options }) => {
        return unless(kind !== "spot" || type === undefined || type.spot, {
          path: `${options}capacity`,
          got: "spot",
          must: `not be spot: EC2 does not offer ${instanceType} as spot`,
          fix: type?.ultraServerOnly ? "use Capacity.ultraServerBlock" : "use Capacity.onDemand",
        });
      },
    }),
    errorRule("RC422", {
      title: "The instance type is offered in Capacity Blocks",
      why: "There is no such block that the machines could be launched in.",
      check: ({ capacity: { kind }, instanceType, facts: { type } }, { options }) => {
        const isOffered = type === undefined || (type.capacityBlock && !type.ultraServerOnly);
        return unless(kind !== "capacity-block" || isOffered, {
          path: `${options}capacity`,
          got: "a Capacity Block",
          must: `not be a Capacity Block: EC2 does not offer them for ${instanceType}`,
          fix: type?.ultraServerOnly ? "use Capacity.ultraServerBlock" : "use Capacity.onDemand",
        });
      },
    }),
    errorRule("RC423", {
      title: "A member of an UltraServer is launched in an UltraServer block",
      why: "EC2 does not launch it alone.",
      check: ({ capacity: { kind }, instanceType, facts: { type } }, { options }) => {
        // RC421 and RC422 judge spot and plain blocks.
        const isJudged = ["ultra-server-block", "spot", "capacity-block"].includes(kind);
        return unless(isJudged || !type?.ultraServerOnly, {
          path: `${options}capacity`,
          got: show(kind),
          must: `be an UltraServer block: ${instanceType} cannot be launched alone`,
          fix: "use Capacity.ultraServerBlock",
        });
      },
    }),
    errorRule("RC414", {
      title: "An UltraServer block is for members of an UltraServer",
      why: "The block holds no machines of another instance type.",
      check: ({ capacity: { kind }, instanceType, facts: { type } }, { options }) => {
        return unless(kind !== "ultra-server-block" || type === undefined || type.ultraServerOnly, {
          path: `${options}capacity`,
          got: show(kind),
          must: `not be an UltraServer block: ${instanceType} is not part of an UltraServer`,
          fix: "use Capacity.capacityBlock",
        });
      },
    }),
    errorRule("RC424", {
      title: "A reservation or a Capacity Block is named by its id",
      why: "The machines would not find their capacity; a deployment never buys any.",
      check: ({ capacity: { kind, id } }, { options }) =>
        unless(kind === "ultra-server-block" || fits(id, /^cr-[0-9a-f]{8,17}$/), {
          path: `${options}capacity.id`,
          got: show(id),
          must: "be the id of a reservation, such as 'cr-0123456789abcdef0'",
          fix: "copy it from the EC2 console, under Capacity Reservations",
        }),
    }),
    errorRule("RC482", {
      title: "The end of a block is a time in UTC",
      why: "Its workers would end at another time than before EC2 takes the machines.",
      check: ({ capacity: { endsAt, workersEndAt } }, { options }) =>
        unless(
          endsAt === undefined ||
            (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(endsAt) && workersEndAt !== undefined),
          {
            path: `${options}capacity.endsAt`,
            got: show(endsAt),
            must: "be a time in UTC, such as '2026-12-24T11:30:00Z'",
            fix: "copy the end of the block from the EC2 console, under Capacity Reservations",
          },
        ),
    }),
    errorRule("RC415", {
      title: "An UltraServer block is named by the ARN of its resource group",
      why: "The machines would not find their capacity; a deployment never buys any.",
      check: ({ capacity: { kind, id } }, { options }) =>
        unless(kind !== "ultra-server-block" || fits(id, /^arn:aws[\w-]*:resource-groups:\S+$/), {
          path: `${options}capacity.id`,
          got: show(id),
          must: "be the ARN of a resource group",
          fix: "copy the ARN of the group that holds the block's reservations",
        }),
    }),
  ],
};
