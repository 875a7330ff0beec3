import { TerraformStack } from "cdktf";
import { Construct } from "constructs";

const forgotten = new WeakMap<TerraformStack, { from: string; lifecycle: { destroy: boolean }[] }[]>();

/**
 * Makes Terraform forget a resource of an earlier synth without touching what it stands for: a `removed` block. The
 * resource's provider must still be in the stack. Nothing happens where the state does not have it.
 *
 * @param id construct id in the scope, which nothing has now
 */
export function forget(scope: Construct, resourceType: string, id: string): void {
  const stack = TerraformStack.of(scope);
  // An address is made of the ids on the way to a construct.
  const name = stack.getLogicalId(new Construct(scope, id).node);
  const blocks = forgotten.get(stack) ?? [];
  blocks.push({ from: `${resourceType}.${name}`, lifecycle: [{ destroy: false }] });
  forgotten.set(stack, blocks);
  stack.addOverride("removed", blocks);
}
