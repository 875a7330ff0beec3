import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { AccountCheck, type AskedMachines } from "../../../../lib/aws/account/account-check";
import { catalogueFacts } from "../../../../lib/aws/pool/instance-facts";
import type { CapacityKind } from "../../../../lib/aws/pool/capacity";
import { Synthesized } from "../../../support/synth";

/** A value, with the condition on it, as Terraform has it. */
const condition = (value: string, least: number) =>
  expect.stringMatching(new RegExp(`^\\$\\{\\(${value} >= ${least}\\)\\}$`));
const machines = (instanceType: string, nodes: number, kind: CapacityKind = "on-demand"): AskedMachines => ({
  instanceType,
  nodes,
  capacity: { kind },
  facts: catalogueFacts(instanceType),
});

/** Quotas by their codes, types by their zones, and the conditions of the plan. */
function asked(...pools: readonly AskedMachines[]) {
  const stack = Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    new AccountCheck(scope, "account", "us-east-1a", pools);
  });
  stack.remove();
  const data = (type: string) => Object.values<any>(stack.json.data[type] ?? {});
  const [check] = Object.values(stack.resources("terraform_data"));
  return {
    quotas: data("aws_servicequotas_service_quota").map((one) => `${one.service_code} ${one.quota_code}`),
    zones: data("aws_ec2_instance_type_offerings").map(({ filter, location_type }) => [
      location_type,
      ...filter.map((one: any) => `${one.name} ${one.values.join()}`),
    ]),
    conditions: check.lifecycle.precondition as { condition: string; error_message: string }[],
  };
}

describe("AccountCheck", () => {
  it("requires the zone to offer the type, and the quota of its family to hold all vCPUs", () => {
    const { quotas, zones, conditions } = asked(machines("p5.48xlarge", 4));
    expect(quotas).toEqual(["ec2 L-417A185B"]);
    expect(zones).toEqual([["availability-zone", "instance-type p5.48xlarge", "location us-east-1a"]]);
    expect(conditions.map((one) => one.condition)).toEqual([
      condition("length\\(data\\.aws_ec2_instance_type_offerings\\.[\\w-]+\\.instance_types\\)", 1),
      condition("data\\.aws_servicequotas_service_quota\\.[\\w-]+\\.value", 768),
    ]);
    expect(conditions[1].error_message).toContain("is below 768 vCPUs, which 4 x p5.48xlarge take");
  });

  it("adds up pools of one family, and asks for each family and each type once", () => {
    const pools = [machines("p5.48xlarge", 2), machines("p4d.24xlarge", 1), machines("p5.48xlarge", 1)];
    const { quotas, zones, conditions } = asked(...pools, machines("g6.48xlarge", 1));
    expect(quotas.sort()).toEqual(["ec2 L-417A185B", "ec2 L-DB2E81BA"]);
    expect(zones).toHaveLength(3);
    expect(conditions.slice(3).map((one) => /\d+/.exec(one.condition.split(">=")[1])?.[0])).toEqual([
      "672",
      "192",
    ]);
  });

  it.each<CapacityKind>(["reservation", "capacity-block", "ultra-server-block", "spot"])(
    "asks for no on-demand quota of machines that are paid as %s",
    (kind) => {
      const { quotas, conditions } = asked(machines("p5.48xlarge", 4, kind));
      expect(quotas).toEqual([]);
      expect(conditions).toHaveLength(1);
    },
  );
});
