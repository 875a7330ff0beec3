import { Aspects, type IAspect, TerraformDataSource, type TerraformProvider, TerraformResource } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { constrainProvider } from "../terraform/provider-versions";

/**
 * Has everything of AWS in a scope made, and read, by a provider of the range that this library is tested with.
 *
 * @param provider e.g. of another region; `undefined`: the stack's default provider
 */
export function useAws(scope: Construct, provider: TerraformProvider | undefined): void {
  constrainProvider(scope, "aws");
  if (provider !== undefined) {
    Aspects.of(scope).add(new ByProvider(provider));
  }
}

/** An aspect, since a construct makes more than its own class names. */
class ByProvider implements IAspect {
  public constructor(private readonly provider: TerraformProvider) {}

  public visit(node: IConstruct): void {
    const isOfProvider =
      TerraformResource.isTerraformResource(node) || TerraformDataSource.isTerraformDataSource(node);
    if (isOfProvider && node.terraformResourceType.startsWith("aws_")) {
      node.provider ??= this.provider;
    }
  }
}
