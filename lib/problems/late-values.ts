import type { Problem } from "./problem";
import { errorRule, judge, type Topic } from "./rule";

/** How cdktf writes a value that it fills in later: into text and maps, and a list as its only entry. */
const IN_TEXT = /[$#&]\{TfToken\[[\w:.-]+\]?/;
const LIST = /#\{TfToken\[/;
/** And as a number: one so large that nobody means it. */
const HUGE_NUMBER = /-\d(?:\.\d+)?e\+2\d\d/;

/** The placeholder in a text, as a part of its own where the text is split by it. */
export const PLACEHOLDER = /(\$\{TfToken\[[\w:.-]+\]\})/;

/** Ways out for some properties, by the end of their path; the first that fits. */
const WAYS: readonly (readonly [path: RegExp, fix: string])[] = [
  [
    /subnetCidr$/,
    "write the network, or take it from where it is declared: `subnet.cidrBlockInput` of a subnet of the same app",
  ],
  [
    /hosts\[\d+\]/,
    "write the machine's address. Machines that the same app makes belong to a CloudInitBackend, or to a stack that is deployed before",
  ],
];

const OTHERWISE =
  "use a value that the app knows while it synthesizes, e.g. from its context. A Terraform variable or another resource's attribute is known later";
const FOR_LISTS = "list the entries one by one: each of them may be known at apply";

/** What rules found of values that are known only at apply. */
export const LATE_VALUES_TOPIC: Topic<readonly Problem[]> = {
  title: "Values known at apply",
  rules: [
    errorRule("RC096", {
      title: "What the plan depends on is known at synth",
      why: "What shows only at apply cannot be checked, and neither names nor numbers of resources can follow from it.",
      check: (problems) =>
        problems
          .filter(({ path }, index) => problems.findIndex((other) => other.path === path) === index)
          .map(({ path, got }) => ({
            path,
            got: LIST.test(got)
              ? "a list that is known only at apply"
              : "a value that is known only at apply",
            must: "be known at synth",
            fix: LIST.test(got) ? FOR_LISTS : (WAYS.find(([end]) => end.test(path))?.[1] ?? OTHERWISE),
          })),
    }),
  ],
};

/** Whether a text contains a value that is known only at apply, which cdktf fills in later. */
export function isLate(text: string): boolean {
  return IN_TEXT.test(text) || HUGE_NUMBER.test(text);
}

/** Whether a list is known only at apply as a whole. Of one whose entries are late its number is known. */
export function isLateList(list: readonly unknown[]): boolean {
  return list.some((item) => typeof item === "string" && LIST.test(item));
}

/**
 * Numbers and lists of a declaration that are known only at apply: what is computed of them is wrong, and how many resources
 * they mean is unknown. Texts are judged by the rules of their properties: most may be late.
 *
 * @param declared a declaration, or a part of one
 * @param at path of the part. @default - the whole
 */
export function lateProblems(declared: object, at?: string): readonly Problem[] {
  return Object.entries(declared)
    .filter(([, value]) => (value instanceof Array ? isLateList(value) : isLateNumber(value)))
    .map(([name, value]) => ({
      rule: "RC096",
      level: "error",
      path: at === undefined ? name : `${at}.${name}`,
      got: String(value),
      must: "be known at synth",
      fix: OTHERWISE,
    }));
}

function isLateNumber(value: unknown): boolean {
  return typeof value === "number" && HUGE_NUMBER.test(String(value));
}

/** A text with a word in place of each value that is known only at apply. */
export function withoutLateValues(text: string, word: string): string {
  return text
    .split(PLACEHOLDER)
    .map((part, index) => (index % 2 === 1 ? word : part))
    .join("");
}

/** The same problems, where those of values that are known only at apply say so: the placeholder says nothing. */
export function withLateValues(problems: readonly Problem[]): readonly Problem[] {
  const isOfLate = ({ got }: Problem) => isLate(got);
  const late = problems.filter((problem) => problem.level === "error" && isOfLate(problem));
  return [...problems.filter((problem) => !isOfLate(problem)), ...judge(LATE_VALUES_TOPIC, late, undefined)];
}
