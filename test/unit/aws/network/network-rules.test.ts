import { join } from "node:path";
import { Token } from "cdktf";
import {
  checkNetwork,
  EGRESS_TOPIC,
  MADE_GROUP_TOPIC,
  NETWORK_TOPIC,
  type NetworkSpec,
} from "../../../../lib/aws/network/network-rules";
import { judge } from "../../../../lib/problems/rule";
import { describeRules, type RuleCase } from "../support/rule-cases";

const GOOD: NetworkSpec = {
  availabilityZone: "us-east-1a",
  vpcCidr: "10.20.0.0/16",
  subnetCidr: "10.20.0.0/20",
  egressCidrs: [],
};
const NAT = {
  natSubnetCidr: "10.20.255.240/28",
  egressCidrs: ["10.0.0.0/8"],
};
const check = (change: Partial<NetworkSpec>) => checkNetwork({ ...GOOD, ...change });

const CASES: readonly RuleCase<Partial<NetworkSpec>>[] = [
  [{ vpcCidr: "10.0.0.0/8" }, "RC440", "vpcCidr", "'10.0.0.0/8'"],
  [{ subnetCidr: "10.20.0.1/20" }, "RC440", "subnetCidr", "'10.20.0.1/20'"],
  [{ ...NAT, natSubnetCidr: "10.20.255.0/30" }, "RC440", "natSubnetCidr", "'10.20.255.0/30'"],
  [{ subnetCidr: "10.21.0.0/20" }, "RC441", "subnetCidr", "'10.21.0.0/20'"],
  [{ ...NAT, natSubnetCidr: "10.21.0.0/28" }, "RC441", "natSubnetCidr", "'10.21.0.0/28'"],
  [{ ...NAT, natSubnetCidr: "10.20.1.0/28" }, "RC442", "natSubnetCidr", "'10.20.1.0/28'"],
  [{ ...NAT, egressCidrs: ["10.0.0.0/8", "anywhere"] }, "RC443", "egressCidrs[1]", "'anywhere'"],
  [{ ...NAT, egressCidrs: [] }, "RC444", "egressCidrs", "nothing"],
  [{ egressCidrs: ["10.20.1.0/24", "10.0.0.0/8"] }, "RC445", "egressCidrs[1]", "'10.0.0.0/8'"],
  [{ availabilityZone: "us-east-1a,us-east-1b" }, "RC446", "availabilityZone", "'us-east-1a,us-east-1b'"],
  [{ ...NAT, egressCidrs: ["0.0.0.0/0"] }, "RC448", "egressCidrs[0]", "'0.0.0.0/0'"],
];

describe("rules of a security group for an existing network", () => {
  const nothing = { egressCidrs: [], egressPrefixListIds: [] };
  const find = (reach: object) => judge(MADE_GROUP_TOPIC, { ...nothing, ...reach }, undefined);
  describeRules(
    [MADE_GROUP_TOPIC],
    [[{}, "RC481", "egressCidrs", "nothing"]],
    find,
    join(__dirname, "made-group-rules.golden.txt"),
  );

  it.each([
    { egressCidrs: ["10.0.0.0/8"] },
    { egressPrefixListIds: ["pl-1"] },
    { endpointSecurityGroupId: "sg-1" },
  ])("accept %j", (reach) => {
    expect(find(reach)).toEqual([]);
  });
});

describeRules([NETWORK_TOPIC, EGRESS_TOPIC], CASES, check, join(__dirname, "network-rules.golden.txt"));

/** Known only at apply. */
const LATE = Token.asString({ resolve: () => "later" });

it.each(["us-east-1a", "us-gov-west-1b", "us-east-1-dfw-2a", "cn-north-1a", LATE])(
  "zone %s is accepted",
  (availabilityZone) => {
    expect(check({ availabilityZone })).toEqual([]);
  },
);

it("all wrong egress networks are reported", () => {
  expect(check({ ...NAT, egressCidrs: ["a", "10.0.0.0/8", "b"] }).map(({ path }) => path)).toEqual([
    "egressCidrs[0]",
    "egressCidrs[2]",
  ]);
});
