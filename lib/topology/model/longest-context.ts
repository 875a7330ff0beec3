import { engineMilestone } from "../../catalog/engines";
import { compareVersions } from "../../catalog/ray-versions";
import type { Model } from "./model";

/** Ways of stretching positions after which `max_position_embeddings` is the stretched length already. */
const STRETCHED = ["longrope", "su", "llama3"];

/** The same in newer vLLM; before, the original length is multiplied. */
const YARN = ["yarn", "deepseek_yarn", "deepseek_llama_scaling"];

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
