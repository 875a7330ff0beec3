import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
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
  return secretsOn(plan, node).flatMap(({ name, ref, isOfSource }) => {
    const source = sourceOf(ref);
    return source === undefined ? [] : [{ name, source, isOfSource }];
  });
}

/** The container of a node that mounts secrets from the machine's memory, whatever their source. */
export function withSecrets(spec: ContainerSpec, secrets: readonly BootSecret[]): ContainerSpec {
  const kept = secrets.filter(({ isOfSource }) => !isOfSource);
  const mounts = [
    ...kept.map(({ name }) => ({
      source: `${HOST_PATHS.secrets}/${name}`,
      target: `${SECRET_FOLDER}/${name}`,
      readOnly: true,
    })),
    // All of a folder, which the head empties: a mounted file cannot be removed.
    ...(kept.length === secrets.length
      ? []
      : [{ source: HOST_PATHS.modelSecrets, target: CONTAINER_PATHS.modelSecrets, readOnly: false }]),
  ];
  const targets = mounts.map(({ target }) => target);
  return {
    ...spec,
    mounts: [...spec.mounts.filter(({ target }) => !targets.includes(target)), ...mounts],
  };
}
