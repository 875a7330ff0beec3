import { TerraformResource, Token } from "cdktf";
import type { Construct } from "constructs";

/** What is kept, and for how long. */
export interface KeptValueProps {
  /** A value, which may be known only at apply. */
  readonly value: string;
  /** With another one the value is taken again. */
  readonly key: string;
}

/**
 * A value as it was when it was first applied, whatever it is later. `terraform_data` is built into Terraform, so it needs no
 * provider; cdktf's own class for it runs Terraform at synth.
 */
export class KeptValue extends TerraformResource {
  /** The value, known at apply. */
  public readonly value: string;

  public constructor(
    scope: Construct,
    id: string,
    private readonly props: KeptValueProps,
  ) {
    super(scope, id, {
      terraformResourceType: "terraform_data",
      lifecycle: { ignoreChanges: ["input"] },
    });
    this.value = Token.asString(this.interpolationForAttribute("output"));
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { input: this.props.value, triggers_replace: this.props.key };
  }
}
