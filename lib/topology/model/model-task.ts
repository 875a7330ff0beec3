import { HubKeys, type HubObject } from "./hub-keys";

/** What a model answers with: text, vectors, or scores. */
export type ModelTask = "generate" | "embed" | "classify";

/** By the class that a configuration names; text where it names none. */
export function taskOf(config: HubObject): ModelTask {
  const names = (new HubKeys(config).list("architectures") ?? []).map(String);
  if (
    names.some((name) =>
      /ForSequenceClassification|ForTokenClassification|ForRewardModel|RewardModel/.test(name),
    )
  ) {
    return "classify";
  }
  if (names.some((name) => /Embedding|ForRetrieval/.test(name) || /(^|[a-z0-9])Model$/.test(name))) {
    return "embed";
  }
  return "generate";
}
