import { DataAwsEc2InstanceTypeOfferings } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type-offerings";
import { DataAwsServicequotasServiceQuota } from "@cdktf/provider-aws/lib/data-aws-servicequotas-service-quota";
import { Fn, Op, Token } from "cdktf";
import { Construct } from "constructs";
import { findInstanceQuota, type InstanceQuota } from "../../catalog/instance-quotas";
import { PlanCheck } from "../../terraform/plan-check";
import type { CapacityKind } from "../pool/capacity";
import type { Machines } from "./prices";

/** Machines of one pool, and how they are paid for. */
export interface AskedMachines extends Machines {
  readonly capacity: { readonly kind: CapacityKind };
}

/**
 * Asks the account, while it is planned, what no rule can know: whether it may run so many machines, and whether the zone
 * has them. Where it may not, nothing is made. The provider has no way to ask about a reservation or a free machine.
 */
export class AccountCheck extends Construct {
  private readonly check: PlanCheck;

  public constructor(scope: Construct, id: string, zone: string, machines: readonly AskedMachines[]) {
    super(scope, id);
    this.check = new PlanCheck(this, "check");
    for (const instanceType of new Set(machines.map((one) => one.instanceType))) {
      this.askZone(zone, instanceType);
    }
    // Machines of a reservation were counted when it was made, a block is outside of all quotas, spot has others.
    const counted = machines.filter(({ capacity }) => capacity.kind === "on-demand");
    for (const quota of new Set(
      counted.flatMap(({ instanceType }) => findInstanceQuota(instanceType) ?? []),
    )) {
      this.askQuota(
        quota,
        counted.filter(({ instanceType }) => findInstanceQuota(instanceType) === quota),
      );
    }
  }

  private askZone(zone: string, instanceType: string): void {
    const offered = new DataAwsEc2InstanceTypeOfferings(this, `zone-${instanceType.replace(".", "-")}`, {
      locationType: "availability-zone",
      filter: [
        { name: "instance-type", values: [instanceType] },
        { name: "location", values: [zone] },
      ],
    });
    this.check.require(
      Token.asString(Op.gte(Fn.lengthOf(offered.instanceTypes), 1)),
      `EC2 does not offer ${instanceType} in this Availability Zone. Choose another zone (aws ec2 ` +
        `describe-instance-type-offerings --location-type availability-zone --filters Name=instance-type,Values=${instanceType}), ` +
        "or another instance type. Nothing has been created.",
    );
  }

  private askQuota({ id, name, code }: InstanceQuota, machines: readonly Machines[]): void {
    const vCpus = machines.reduce((sum, { facts, nodes }) => sum + nodes * (facts.type?.vCpus ?? 0), 0);
    const quota = new DataAwsServicequotasServiceQuota(this, `quota-${id}`, {
      serviceCode: "ec2",
      quotaCode: code,
    });
    const shown = machines.map(({ nodes, instanceType }) => `${nodes} x ${instanceType}`).join(", ");
    this.check.require(
      Token.asString(Op.gte(quota.value, vCpus)),
      `The account's quota '${name}' (${code}) is below ${vCpus} vCPUs, which ${shown} take; what runs already counts, too. ` +
        "Ask for more in the console under Service Quotas, Amazon EC2; it takes hours to days. Nothing has been created.",
    );
  }
}
