import type { App, TerraformStack } from "cdktf";
import { LmdeployAscend2x8 } from "../../../../stacks/lmdeploy-ascend-2x8";
import { LmdeployGpu2x8 } from "../../../../stacks/lmdeploy-gpu-2x8";
import { Roll2x2 } from "../../../../stacks/roll-2x2";
import { Vllm405b4x8H100 } from "../../../../stacks/vllm-405b-4x8-h100";
import { Vllm405bLambda4x8H100 } from "../../../../stacks/vllm-405b-lambda-4x8-h100";
import { VllmAscend2x8 } from "../../../../stacks/vllm-ascend-2x8";

/** The stacks for machines that exist, by name. */
export const HOSTS_STACKS: { readonly [name: string]: new (app: App, id: string) => TerraformStack } = {
  "lmdeploy-ascend-2x8": LmdeployAscend2x8,
  "lmdeploy-gpu-2x8": LmdeployGpu2x8,
  "roll-2x2": Roll2x2,
  "vllm-405b-lambda-4x8-h100": Vllm405bLambda4x8H100,
  "vllm-ascend-2x8": VllmAscend2x8,
};

/** The stacks that have a guide. */
const GUIDED: typeof HOSTS_STACKS = { ...HOSTS_STACKS, "vllm-405b-4x8-h100": Vllm405b4x8H100 };

/** A stack of this repository in an app. */
export function synthesizedStack(app: App, name: string): TerraformStack {
  return new GUIDED[name](app, name);
}
