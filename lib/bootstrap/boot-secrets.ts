import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import type { ClusterPlan, NodePlan } from "../topology/plan/plan";
import { secretsOn } from "../topology/plan/secrets";
import { SECRET_FOLDER, type SecretRef } from "../topology/values/secret-ref";
import type { BootSecret, BootSource } from "./boot-spec";
import { HOST_PATHS } from "./host-paths";

/** Name of the file with the Ray token in a machine's memory. */
export const RAY_TOKEN = "ray-token";

/**
 * The secrets of a plan in the memory of a node's machine: those that the node needs, and no other.
 *
 * @param sourceOf the place's program that prints a secret
 */
export function bootSecrets(
  plan: ClusterPlan,
  node: NodePlan,
  sourceOf: (ref: SecretRef) => BootSource | undefined,
): readonly BootSecret[] {
  return secretsOn(plan, node).flatMap(({ name, ref }) => {
    const source = sourceOf(ref);
    return source === undefined ? [] : [{ name, source }];
  });
}

/** The container of a node that mounts secrets from the machine's memory, whatever their source. */
export function withSecrets(spec: ContainerSpec, secrets: readonly BootSecret[]): ContainerSpec {
  const mounts = secrets.map(({ name }) => ({
    source: `${HOST_PATHS.secrets}/${name}`,
    target: `${SECRET_FOLDER}/${name}`,
    readOnly: true,
  }));
  const targets = mounts.map(({ target }) => target);
  return {
    ...spec,
    mounts: [...spec.mounts.filter(({ target }) => !targets.includes(target)), ...mounts],
  };
}
