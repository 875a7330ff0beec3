import type { IConstruct } from "constructs";
import { unless } from "../../problems/checks";
import type { Problem } from "../../problems/problem";
import { errorRule, judge, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { AppRegistry } from "../../terraform/app-registry";

/** The head of a pool, and the pool in the same app that has its address already. */
interface HeadClaim {
  readonly address: string;
  /** Path of the other pool. @default - nobody has it */
  readonly holder?: string;
}

export const HEAD_TOPIC: Topic<HeadClaim> = {
  title: "EC2: heads of one subnet",
  rules: [
    errorRule("RC480", {
      title: "Every head of a subnet has an address of its own",
      why: "The second reservation of the address fails when the first cluster runs already.",
      check: ({ address, holder }) =>
        unless(holder === undefined, {
          path: "headAddress",
          got: show(address),
          must: `be another address: '${holder}' has it in the same subnet`,
          fix: "set headAddress of one of the two clusters, e.g. to the next address",
        }),
    }),
  ],
};

/** Heads with their subnets. */
const HEADS = new AppRegistry<{
  readonly path: string;
  readonly subnetId: string;
  readonly address: string;
}>();

/** Takes the address of a pool's head; what is wrong where another pool of the app has it. */
export function claimHead(pool: IConstruct, subnetId: string, address: string): readonly Problem[] {
  const earlier = HEADS.add(pool, { path: pool.node.path, subnetId, address });
  const holder = earlier.find((head) => head.subnetId === subnetId && head.address === address)?.path;
  return judge(HEAD_TOPIC, { address, holder }, undefined);
}
