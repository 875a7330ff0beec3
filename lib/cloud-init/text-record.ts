import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { resourceAddress } from "../terraform/resource-address";

/**
 * A record of what the machines boot with. Many providers take another text for a machine that exists, and nothing boots
 * with it; here another text is another record, which replaces the machines. It creates nothing itself.
 */
export class TextRecord extends TerraformResource {
  /** @param hashes of the texts of all machines */
  public constructor(
    scope: Construct,
    id: string,
    private readonly hashes: readonly string[],
  ) {
    super(scope, id, { terraformResourceType: "terraform_data" });
  }

  /** Lets Terraform replace these machines, all of them, when any text has changed: machines of two versions form no cluster. */
  public replaces(machines: readonly TerraformResource[]): void {
    for (const machine of machines) {
      const { lifecycle } = machine;
      const triggers = lifecycle?.replaceTriggeredBy ?? [];
      machine.lifecycle = { ...lifecycle, replaceTriggeredBy: [...triggers, resourceAddress(this)] };
    }
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { triggers_replace: [...this.hashes] };
  }
}
