import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "./encode";
import { template } from "./template";

/**
 * A record of what was declared, so that `terraform plan` shows a change in the declaration's own words. It creates
 * nothing; `terraform_data` is built into Terraform, and a change of its input updates it in place.
 */
export class TermsRecord extends TerraformResource {
  /** @param terms plain data; what is `undefined` is left out */
  public constructor(
    scope: Construct,
    id: string,
    private readonly terms: { readonly [name: string]: unknown },
  ) {
    super(scope, id, { terraformResourceType: "terraform_data" });
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { input: encoded(this.terms, this.node.path) };
  }
}

/** The same data with every text as Terraform reads it back. */
function encoded(value: unknown, path: string): unknown {
  if (typeof value === "string") {
    return template(value, path);
  }
  if (Array.isArray(value)) {
    return value.map((item, index) => encoded(item, `${path}[${index}]`));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.map(([name, inner]) => [literal(name, path), encoded(inner, `${path}.${name}`)]),
  );
}
