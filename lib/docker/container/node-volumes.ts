import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { TerraformProvider } from "cdktf";
import type { Construct } from "constructs";
import type { MountOption } from "../../runtime/container-spec/container-options";
import type { ContainerSpec } from "../../runtime/container-spec/container-spec";
import { literal } from "../../terraform/encode";
import type { ClusterPlan } from "../../topology/plan/plan";

/**
 * A volume for each folder that would be on a node's own disk if the node were a machine; destroyed with the cluster.
 *
 * @returns the mounts, by the path in the container
 */
export function nodeVolumes(
  scope: Construct,
  plan: ClusterPlan,
  spec: ContainerSpec,
  provider: TerraformProvider,
): ReadonlyMap<string, MountOption> {
  const ownDisks = spec.mounts.filter(({ isPerNode }) => isPerNode);
  return new Map(
    ownDisks.map(({ target, readOnly }) => {
      const name = literal(volumeName(plan, spec.name, target), "volume name");
      const volume = new Volume(scope, `${spec.name}${idOf(target)}`, { provider, name });
      return [target, { type: "volume", source: volume.name, target, readOnly }];
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
