import { Op, TerraformStack, Token } from "cdktf";
import type { Construct } from "constructs";
import { PlanCheck } from "../../terraform/plan-check";
import { whereToSet } from "./aws-inputs";
import type { HourlyPrice } from "./prices";

/** The least limit where no price is known. */
const CENT = 0.01;

/** The least limit that covers a price. */
export function leastLimit({ usdPerHour }: HourlyPrice): number {
  return Math.max(usdPerHour, CENT);
}

/**
 * Plans nothing without a limit on the price of the machines, or with one that is lower. A limit that is known at synth
 * is judged there.
 */
export function requirePriceLimit(
  scope: Construct,
  maxUsdPerHour: number | undefined,
  price: HourlyPrice,
): void {
  const costs = `This plan costs ${price.text} for ${price.machines}`;
  if (maxUsdPerHour === undefined) {
    new PlanCheck(scope, "consent").refuse(
      `${costs}, and no limit is set. Set maxUsdPerHour of the AwsBackend of '${scope.node.path}' to at least that.`,
    );
  } else if (Token.isUnresolved(maxUsdPerHour)) {
    const least = leastLimit(price);
    const where = whereToSet(TerraformStack.of(scope).node.id, "maxUsdPerHour", String(least));
    new PlanCheck(scope, "consent").require(
      Token.asString(Op.gte(maxUsdPerHour, least)),
      `${costs}, and maxUsdPerHour is not set or is too low. ${where}`,
    );
  }
}
