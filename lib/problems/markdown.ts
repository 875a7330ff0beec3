import type { TopicText } from "./rule";

const HEADER = `# Rules

A declaration that breaks a rule of level \`error\` is not built: the synth of the app ends with all problems of all its constructs,
and nothing is written. What breaks a rule of level \`warning\` works, but is slow, risky or without effect; it appears in the review.
\`cdktf-ray-cluster explain <id>\` prints one rule. This page is generated: \`UPDATE_GOLDEN=1 npx jest test/unit/cli/rules\`.
`;

/** The page of rules. */
export function rulesMarkdown(topics: readonly TopicText[]): string {
  return [HEADER, ...topics.map(topicMarkdown)].join("\n");
}

function topicMarkdown({ title, rules }: TopicText): string {
  return [
    `## ${title}`,
    "",
    "| id | level | what must hold | why |",
    "| --- | --- | --- | --- |",
    ...[...rules]
      .sort((a, b) => a.id.localeCompare(b.id))
      .map((rule) => `| ${rule.id} | ${rule.level} | ${cell(rule.title)} | ${cell(rule.why)} |`),
    "",
  ].join("\n");
}

function cell(text: string): string {
  return text.replace(/\|/g, "\\|").replace(/</g, "&lt;");
}
