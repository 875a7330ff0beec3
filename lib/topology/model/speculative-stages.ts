import { engineMilestone } from "../../catalog/engines";
import { compareVersions } from "../../catalog/ray-versions";
import { findSpeculativeMethod } from "../../catalog/speculative-methods";
import type { SpeculativeDecoding } from "../engine-sizing";

/**
 * Why vLLM does not run a speculative method with several pipeline stages.
 *
 * @param modelType `model_type` of the target model
 * @param version a version that is not known counts as the newest
 * @returns a phrase, after `be 1`; `undefined`: it does
 */
export function stagesObstacle(
  { method, weights }: SpeculativeDecoding,
  modelType: string,
  version?: string,
): string | undefined {
  const facts = findSpeculativeMethod(method);
  if (weights === "none" || facts?.stagedEarlier.includes(modelType)) {
    return undefined;
  }
  if (facts?.oneStage) {
    return `with '${method}', which runs in one stage only`;
  }
  const first = engineMilestone("vllm-drafts-with-stages").version;
  if (version !== undefined && compareVersions(version, first) < 0) {
    return `with vLLM older than ${first} (this is ${version})`;
  }
  return facts?.unstaged.includes(modelType)
    ? `with '${method}', which reads layers of the model that the stages of a '${modelType}' do not hand over`
    : undefined;
}
