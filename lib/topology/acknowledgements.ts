import { sortProblems } from "../problems/plan-error";
import type { Problem } from "../problems/problem";
import { errorRule, judge, type Topic, warningRule } from "../problems/rule";
import { show } from "../problems/text";

/** Reasons by the id of a warning. */
export interface Acknowledgements {
  readonly [rule: string]: string;
}

/** What was found, by rule. */
type Levels = ReadonlyMap<string, Problem["level"]>;

/** Rules of what a declaration acknowledges. */
export const ACKNOWLEDGEMENT_TOPIC: Topic<Acknowledgements, Levels> = {
  title: "Acknowledged warnings",
  rules: [
    errorRule("RC170", {
      title: "An acknowledged warning has a reason",
      why: "Who reviews the plan must know why it is accepted.",
      check: (acknowledged) =>
        Object.entries(acknowledged)
          .filter(([, reason]) => reason.trim() === "")
          .map(([rule, reason]) => ({
            path: `acknowledge.${rule}`,
            got: show(reason.trim()),
            must: "say why the warning is accepted",
            fix: "write a reason, which the review shows",
          })),
    }),
    errorRule("RC171", {
      title: "What is acknowledged is a warning",
      why: "An error cannot work, whoever accepts it.",
      check: (acknowledged, levels) =>
        Object.keys(acknowledged)
          .filter((rule) => levels.get(rule) === "error")
          .map((rule) => ({
            path: `acknowledge.${rule}`,
            got: "an error",
            must: "name a warning",
            fix: `fix what ${rule} reports`,
          })),
    }),
    warningRule("RC172", {
      title: "What is acknowledged is there",
      why: "A reason that has outlived its warning would hide the next one.",
      check: (acknowledged, levels) =>
        Object.keys(acknowledged)
          .filter((rule) => !levels.has(rule))
          .map((rule) => ({
            path: `acknowledge.${rule}`,
            got: rule,
            consequence: "is no warning of this declaration",
            fix: "remove it",
          })),
    }),
  ],
};

/** The same problems, with a reason at each warning that is acknowledged, and what is wrong with the acknowledgements. */
export function acknowledged(
  problems: readonly Problem[],
  acknowledgements: Acknowledgements = {},
): readonly Problem[] {
  const levels = new Map(problems.map(({ rule, level }) => [rule, level]));
  const marked = problems.map((problem) =>
    problem.level === "warning" && Object.hasOwn(acknowledgements, problem.rule)
      ? { ...problem, acknowledged: acknowledgements[problem.rule] }
      : problem,
  );
  return sortProblems([...marked, ...judge(ACKNOWLEDGEMENT_TOPIC, acknowledgements, levels)]);
}
