import { join } from "node:path";
import { App, TerraformStack } from "cdktf";
import { claimHead, HEAD_TOPIC } from "../../../../lib/aws/pool/head-claims";
import { describeRules } from "../support/rule-cases";

const SUBNET = "subnet-0123456789abcdef0";
const HEAD = "10.20.0.10";

/** Stacks of one app, or of two. */
const stacks = (apps: readonly App[]) => apps.map((app, index) => new TerraformStack(app, `stack-${index}`));
const claim = (subnets: readonly string[], addresses: readonly string[], apps = [new App()]) =>
  stacks(subnets.map((_, index) => apps[index % apps.length])).flatMap((stack, index) =>
    claimHead(stack, subnets[index], addresses[index]),
  );

describe("rules of the heads of one subnet", () => {
  describeRules(
    [HEAD_TOPIC],
    [[[HEAD, HEAD], "RC480", "headAddress", "'10.20.0.10'"]],
    (addresses) => claim([SUBNET, SUBNET], addresses),
    join(__dirname, "head-rules.golden.txt"),
  );

  it("accept other addresses, other subnets and other apps", () => {
    expect(claim([SUBNET, SUBNET], [HEAD, "10.20.0.11"])).toEqual([]);
    expect(claim([SUBNET, "subnet-1"], [HEAD, HEAD])).toEqual([]);
    expect(claim([SUBNET, SUBNET], [HEAD, HEAD], [new App(), new App()])).toEqual([]);
  });
});
