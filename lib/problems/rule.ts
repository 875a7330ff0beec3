import type { Problem, ProblemChoices } from "./problem";

/** What a rule says of a value: where, what was given, and the change to make. */
interface Finding {
  /** Path of the property, e.g. `pools[0].nodes`. */
  readonly path: string;
  /** What was given, as `show` writes it. */
  readonly got: string;
  /** The change to make: one or more sentences without the last full stop. */
  readonly fix: string;
  /** Where to read more. @default - nowhere */
  readonly links?: readonly string[];
  /** What can be declared instead. @default - nothing but the fix */
  readonly choices?: ProblemChoices;
}

/** Reads `got X, but must <must>. <Fix>.` */
export interface ErrorFinding extends Finding {
  readonly must: string;
}

/** Reads `X <consequence>. <Fix>.` */
export interface WarningFinding extends Finding {
  readonly consequence: string;
}

/** What a person reads of a rule. */
export interface RuleText {
  /** Stable; never given to another rule. */
  readonly id: string;
  readonly level: Problem["level"];
  /** What must hold, for the page of rules: a phrase without a full stop. */
  readonly title: string;
  /** What goes wrong otherwise. */
  readonly why: string;
}

/** What a person reads of a topic, whatever its rules look at. */
export interface TopicText {
  readonly title: string;
  readonly rules: readonly RuleText[];
}

/** What a check answers: one finding, or several in lists; `false`, `undefined` and an empty list are none. */
export type Found<Item> = Item | false | undefined | readonly Found<Item>[];

/** What cannot work. */
export interface ErrorRule<Subject, Facts = void> extends RuleText {
  readonly level: "error";
  readonly check: (subject: Subject, facts: Facts) => Found<ErrorFinding>;
}

/** What works, and is slow, risky or without effect. */
export interface WarningRule<Subject, Facts = void> extends RuleText {
  readonly level: "warning";
  readonly check: (subject: Subject, facts: Facts) => Found<WarningFinding>;
}

/** One thing that must hold. Pure: the same subject and facts give the same findings. */
export type Rule<Subject, Facts = void> = ErrorRule<Subject, Facts> | WarningRule<Subject, Facts>;

/** An error's rule by its id. */
export function errorRule<Subject, Facts = void>(
  id: string,
  rule: Omit<ErrorRule<Subject, Facts>, "id" | "level">,
): ErrorRule<Subject, Facts> {
  return { id, level: "error", ...rule };
}

/** A warning's rule by its id. */
export function warningRule<Subject, Facts = void>(
  id: string,
  rule: Omit<WarningRule<Subject, Facts>, "id" | "level">,
): WarningRule<Subject, Facts> {
  return { id, level: "warning", ...rule };
}

/** Rules about one subject, in a file of their own and under one heading of the page of rules. */
export interface Topic<Subject, Facts = void> {
  readonly title: string;
  readonly rules: readonly Rule<Subject, Facts>[];
}

/** Everything that the rules of a topic find. */
export function judge<Subject, Facts>(
  { rules }: Topic<Subject, Facts>,
  subject: Subject,
  facts: Facts,
): readonly Problem[] {
  return rules.flatMap(({ id, level, check }) =>
    listed<Finding>(check(subject, facts)).map((finding) => ({ rule: id, level, ...finding })),
  );
}

/** The findings of an answer, without those that are none. */
export function listed<Item>(found: Found<Item>): readonly Item[] {
  if (found instanceof Array) {
    return found.flatMap((each: Found<Item>) => listed(each));
  }
  return found ? [found] : [];
}

/** Whether nothing of it is an error. */
export function isBuildable(problems: readonly Problem[]): boolean {
  return problems.every(({ level }) => level !== "error");
}
