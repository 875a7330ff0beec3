import type { TopicText } from "../../problems/rule";
import { editDistance } from "../../problems/text";
import { CommandError } from "../base/command-error";
import { table } from "../base/table";
import { ALL_TOPICS } from "./all-topics";

/** Closest ids that are named for one that does not exist. */
const SUGGESTIONS = 3;

/**
 * What a person reads of a rule, or of all topics.
 *
 * @param id id of the rule in any case; `undefined`: list the topics
 * @throws CommandError for an unknown id
 */
export function explain(id: string | undefined, topics: readonly TopicText[] = ALL_TOPICS): string {
  return id === undefined ? topicList(topics) : ruleText(id.toUpperCase(), topics);
}

function topicList(topics: readonly TopicText[]): string {
  return table([
    ["topic", "rules"],
    ...topics.map(({ title, rules }) => [title, rules.map((rule) => rule.id).join(" ")]),
  ]);
}

function ruleText(id: string, topics: readonly TopicText[]): string {
  const rules = topics.flatMap((topic) => topic.rules.map((rule) => ({ ...rule, topic: topic.title })));
  const rule = rules.find((candidate) => candidate.id === id);
  if (rule === undefined) {
    const near = nearestIds(
      id,
      rules.map((candidate) => candidate.id),
    );
    throw new CommandError(`there is no rule '${id}'`, `the closest are ${near.join(", ")}`);
  }
  return [
    `${rule.id} (${rule.level}, ${rule.topic})`,
    `  must hold: ${rule.title}.`,
    `  otherwise: ${rule.why}`,
  ].join("\n");
}

/** A mistyped id first; among equals the nearest by number, since ids are numbered by topic. */
function nearestIds(id: string, ids: readonly string[]): readonly string[] {
  const numberOf = (text: string) => Number(text.replace(/\D/g, ""));
  const distance = (other: string) => Math.abs(numberOf(other) - numberOf(id));
  return [...ids]
    .sort((a, b) => editDistance(a, id) - editDistance(b, id) || distance(a) - distance(b))
    .slice(0, SUGGESTIONS);
}
