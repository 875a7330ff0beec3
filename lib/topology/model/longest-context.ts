import { engineMilestone } from "../../catalog/engines";
import { compareVersions } from "../../catalog/ray-versions";
import type { Model } from "./model";

/** Ways of stretching positions after which `max_position_embeddings` is the stretched length already. */
const STRETCHED = ["longrope", "su", "llama3"];

/** The same in newer vLLM; before, the original length is multiplied. */
const YARN = ["yarn", "deepseek_yarn", "deepseek_llama_scaling"];

/** Sequence that an engine takes where it is told no length; 0: not known. */
export function usualContext(
  model: Model,
  engine: { readonly name: string; readonly version?: string },
): number {
  const { usual } = model.positions;
  const since = engineMilestone("vllm-longrope-original").version;
  const isTaken =
    engine.name === "vllm" && (engine.version === undefined || compareVersions(engine.version, since) >= 0);
  return usual !== undefined && isTaken ? usual : longestContext(model, engine);
}

/** Longest sequence that an engine takes without being told to take a longer one; 0: not known. */
export function longestContext(
  { positions: { maximum, original, factor, scaling } }: Model,
  engine?: { readonly name: string; readonly version?: string },
): number {
  if (scaling === undefined || scaling === null || STRETCHED.includes(scaling)) {
    return maximum;
  }
  if (!YARN.includes(scaling)) {
    return Math.floor(maximum * factor);
  }
  const first = engineMilestone("vllm-yarn-in-positions").version;
  const isOld = engine?.version !== undefined && compareVersions(engine.version, first) < 0;
  // With an unknown version what either of them takes is possible.
  return engine?.version === undefined
    ? Math.max(maximum, Math.floor(original * factor))
    : engine.name === "vllm" && !isOld
      ? maximum
      : Math.floor(original * factor);
}
