import type { TopicText } from "./rule";

const HEADER = `# Rules

A declaration that breaks a rule of level \`error\` is not built: the synth of the app ends with all problems of all its constructs,
and nothing is written. What breaks a rule of level \`warning\` works, but is slow, risky or without effect; it appears in the review.
\`cdktf-ray-cluster explain <id>\` prints one rule. This page is generated: \`UPDATE_GOLDEN=1 npx jest test/unit/cli/rules\`.
`;

/** The page of rules: one table in the order of the ids, in which the rules of a subject follow one another. */
export function rulesMarkdown(topics: readonly TopicText[]): string {
  const rules = topics.flatMap(({ title: topic, rules }) => rules.map((rule) => ({ ...rule, topic })));
  return [
    HEADER,
    "| id | level | about | what must hold | why |",
    "| --- | --- | --- | --- | --- |",
    ...rules
      .sort((a, b) => a.id.localeCompare(b.id))
      .map(
        ({ id, level, topic, title, why }) => `| ${[id, level, topic, title, why].map(cell).join(" | ")} |`,
      ),
    "",
  ].join("\n");
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/</g, "&lt;");
}
