import { Op, TerraformStack, Token } from "cdktf";
import type { Construct } from "constructs";
import { PlanCheck } from "../../terraform/plan-check";
import { whereToSet } from "./aws-inputs";
import { hourlyPrice, type Machines, priceText } from "./prices";

/** The least that somebody agrees to where no price is known. */
const CENT = 0.01;

/** Nothing is planned before somebody has agreed to what the machines cost each hour. */
export function requireConsent(
  scope: Construct,
  consentUsdPerHour: number | undefined,
  machines: readonly Machines[],
): void {
  const price = hourlyPrice(machines);
  const least = Math.max(price.usdPerHour, CENT);
  const what = machines.map(({ nodes, instanceType }) => `${nodes} x ${instanceType}`).join(", ");
  const costs = `the machines (${what}) cost ${priceText(price)}`;
  const inContext = whereToSet(
    TerraformStack.of(scope).node.id,
    "consentUsdPerHour",
    String(least),
    String(least),
  );
  const inCode = `Set consentUsdPerHour of the AwsBackend of '${scope.node.path}'`;
  if (consentUsdPerHour === undefined) {
    new PlanCheck(scope, "consent").refuse(`Nobody has agreed to the price: ${costs}. ${inCode}.`);
  } else if (Token.isUnresolved(consentUsdPerHour)) {
    const condition = Token.asString(Op.gte(consentUsdPerHour, least));
    new PlanCheck(scope, "consent").require(
      condition,
      `Nobody has agreed to the price: ${costs}. If you do: ${inContext}`,
    );
  } else if (consentUsdPerHour < least) {
    new PlanCheck(scope, "consent").refuse(
      `${consentUsdPerHour} USD per hour are agreed to, and ${costs}. ` +
        `If you agree to that: ${inContext} Where the stack has no AwsInputs: ${inCode}.`,
    );
  }
}
