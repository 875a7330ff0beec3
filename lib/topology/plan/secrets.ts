import type { EngineModel, EngineSecret } from "../engine-spec";
import type { ClusterProps } from "../declaration/cluster-props";
import type { ClusterPlan, NodePlan } from "./plan";

/** Name of the cluster's model, and of the file with the secret of its source. */
export const MODEL_NAME = "model";

/** Every secret of a declaration, each a file: the model's, the engine's, and those by name. */
export function secretsOf(
  { model, secrets = {} }: Pick<ClusterProps, "model" | "secrets">,
  ofEngine: readonly EngineSecret[] = [],
): readonly EngineSecret[] {
  return [
    ...(model === undefined ? [] : sourceSecrets({ name: MODEL_NAME, path: "model", source: model })),
    ...ofEngine,
    ...Object.entries(secrets).map(([variable, ref]) => ({
      name: `environment.${variable}`,
      ref,
      path: `secrets.${variable}`,
      variable,
    })),
  ];
}

/**
 * The secrets that a node needs: the head all of them, a node with a process of the engine the variables of that process.
 * The model's source and the API are the head's business.
 */
export function secretsOn(
  { secrets, engine }: Pick<ClusterPlan, "secrets" | "engine">,
  { role, acceleratorCount }: Pick<NodePlan, "role" | "acceleratorCount">,
): readonly EngineSecret[] {
  if (role === "head") {
    return secrets;
  }
  const runsFollower = engine.follower !== undefined && acceleratorCount > 0;
  return runsFollower ? secrets.filter(({ variable }) => variable !== undefined) : [];
}

/** The secret of a model's source, if it has one. */
export function sourceSecrets({ name, path, source }: EngineModel): readonly EngineSecret[] {
  const { secret, kind } = source;
  return secret === undefined
    ? []
    : [{ name, ref: secret, path: `${path}.${kind === "index" ? "index" : "token"}`, isOfSource: true }];
}
