import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { TerraformProvider } from "cdktf";
import type { Construct } from "constructs";
import type { ContainerSpec } from "../../runtime/container-spec/container-spec";
import { literal } from "../../terraform/encode";
import type { ClusterPlan } from "../../topology/plan/plan";

/** Names of Docker volumes by the path at which a container has them; may be references. */
export interface NodeVolumes {
  readonly [target: string]: string;
}

/** A volume for each folder that would be a node's own disk, were the node a machine. They go with the cluster. */
export function nodeVolumes(
  scope: Construct,
  plan: ClusterPlan,
  spec: ContainerSpec,
  provider: TerraformProvider,
): NodeVolumes {
  const ownDisks = spec.mounts.filter(({ isPerNode }) => isPerNode);
  return Object.fromEntries(
    ownDisks.map(({ target }) => {
      const name = literal(volumeName(plan, spec.name, target), "volume name");
      return [target, new Volume(scope, `${spec.name}${idOf(target)}`, { provider, name }).name];
    }),
  );
}

/** `llama-npu-0-models` for the folder `/models`. */
export function volumeName(plan: ClusterPlan, node: string, target: string): string {
  return `${plan.name}-${node}${idOf(target)}`;
}

function idOf(target: string): string {
  return target.replace(/[^A-Za-z0-9.]+/g, "-").replace(/-$/, "");
}
