import type { EngineSecret } from "../engine-spec";
import type { ClusterProps } from "../declaration/cluster-props";
import type { ModelSource } from "../declaration/model-source";

/** Name of the file with the secret of the model's source. */
export const MODEL_SECRET = "model";

/** Every secret of a declaration, each a file in the head's container: the model's, the engine's, and those by name. */
export function secretsOf(
  { model, secrets = {} }: Pick<ClusterProps, "model" | "secrets">,
  ofEngine: readonly EngineSecret[] = [],
): readonly EngineSecret[] {
  return [
    ...(model?.secret === undefined ? [] : [{ name: MODEL_SECRET, ref: model.secret, path: pathOf(model) }]),
    ...ofEngine,
    ...Object.entries(secrets).map(([variable, ref]) => ({
      name: `environment.${variable}`,
      ref,
      path: `secrets.${variable}`,
      variable,
    })),
  ];
}

function pathOf({ kind }: ModelSource): string {
  return kind === "index" ? "model.index" : "model.token";
}
