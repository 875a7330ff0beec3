import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "./encode";

/** A condition with the message for a person where it does not hold. */
export interface Precondition {
  readonly condition: string;
  readonly errorMessage: string;
}

/** Refuses a plan, whatever its inputs are. Terraform rejects a condition without any reference. */
export function refusal(why: string): Precondition {
  return { condition: '${terraform.workspace == ""}', errorMessage: literal(why, "refusal") };
}

/**
 * Conditions of a plan. `terraform_data` is built into Terraform, and its conditions depend on nothing that apply creates,
 * so `plan` itself fails; `destroy` evaluates none.
 */
export class PlanCheck extends TerraformResource {
  private readonly conditions: Precondition[];

  public constructor(scope: Construct, id: string) {
    const conditions: Precondition[] = [];
    super(scope, id, { terraformResourceType: "terraform_data", lifecycle: { precondition: conditions } });
    this.conditions = conditions;
  }

  /**
   * @param condition Terraform expression, as cdktf renders it
   * @param otherwise what is missing, and where to set it
   */
  public require(condition: string, otherwise: string): void {
    this.conditions.push({ condition, errorMessage: literal(otherwise, "refusal") });
  }

  /** Refuses whatever the inputs are. */
  public refuse(why: string): void {
    this.conditions.push(refusal(why));
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {};
  }
}
