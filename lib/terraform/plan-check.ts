import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "./encode";

/** A condition that never holds. Terraform takes none that looks at nothing. */
const NEVER = '${terraform.workspace == ""}';

/**
 * What must hold before anything is planned, and what a person is told otherwise. `terraform_data` is built into
 * Terraform, and its conditions look at nothing that apply makes, so `plan` itself fails; `destroy` asks for none.
 */
export class PlanCheck extends TerraformResource {
  private readonly conditions: { condition: string; errorMessage: string }[];

  public constructor(scope: Construct, id: string) {
    const conditions: { condition: string; errorMessage: string }[] = [];
    super(scope, id, { terraformResourceType: "terraform_data", lifecycle: { precondition: conditions } });
    this.conditions = conditions;
  }

  /**
   * @param condition expression of Terraform, as cdktf gives it
   * @param otherwise what is missing, and where to set it
   */
  public require(condition: string, otherwise: string): void {
    this.conditions.push({ condition, errorMessage: literal(otherwise, "refusal") });
  }

  /** Refuses whatever the inputs are. */
  public refuse(why: string): void {
    this.require(NEVER, why);
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {};
  }
}
