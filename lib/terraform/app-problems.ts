import { Annotations, Aspects, type IAspect, TerraformStack } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { PlanError, problemText, sortProblems } from "../problems/plan-error";
import { withLateValues } from "../problems/late-values";
import type { Problem } from "../problems/problem";
import { isBuildable } from "../problems/rule";

/** Problems by the root of the app that has them. */
const PROBLEMS = new WeakMap<IConstruct, Problem[]>();
/** Checks that wait for the synth, by the root of the app. */
const LATE = new WeakMap<IConstruct, readonly (() => void)[]>();
const GUARDED = new WeakSet<TerraformStack>();

/**
 * Reports what is wrong with a construct. Errors of all constructs of an app end its synth together, before anything
 * is written; warnings become annotations.
 *
 * @returns whether the construct can be built: there is no error
 */
export function reportProblems(construct: Construct, problems: readonly Problem[]): boolean {
  const located = sortProblems(withLateValues(problems)).map((problem) => ({
    ...problem,
    construct: construct.node.path,
  }));
  for (const warning of located.filter(isOpen)) {
    Annotations.of(construct).addWarning(problemText({ ...warning, construct: undefined }).trim());
  }
  const errors = located.filter(({ level }) => level === "error");
  if (errors.length > 0) {
    const { root } = construct.node;
    PROBLEMS.set(root, [...errorsOf(root), ...errors]);
    guardSynth(construct);
  }
  return isBuildable(problems);
}

/**
 * Checks what shows only when everything is declared, at the beginning of the app's synth.
 *
 * @param check what is wrong then
 */
export function checkAtSynth(construct: Construct, check: () => readonly Problem[]): void {
  const { root } = construct.node;
  LATE.set(root, [...(LATE.get(root) ?? []), () => reportProblems(construct, check())]);
  guardSynth(construct);
}

/** @throws PlanError with all errors of the app that were reported so far, if there are any */
export function throwProblems(scope: IConstruct): void {
  const errors = errorsOf(scope.node.root);
  if (errors.length > 0) {
    throw new PlanError(errors);
  }
}

/** Warnings that nobody has acknowledged yet; the review shows all of them. */
function isOpen({ level, acknowledged }: Problem): boolean {
  return level === "warning" && acknowledged === undefined;
}

function errorsOf(root: IConstruct): readonly Problem[] {
  return PROBLEMS.get(root) ?? [];
}

/** Stacks are written one after the other: the first must not be written either. */
function guardSynth(construct: Construct): void {
  guard(TerraformStack.of(construct));
  construct.node.root.node.children
    .filter((child) => TerraformStack.isStack(child))
    .slice(0, 1)
    .forEach(guard);
}

/** An aspect, unlike a validation, is also visited where a caller skips validations. */
function guard(stack: TerraformStack): void {
  if (!GUARDED.has(stack)) {
    GUARDED.add(stack);
    Aspects.of(stack).add(new Guard());
  }
}

class Guard implements IAspect {
  public visit(node: IConstruct): void {
    const { root } = node.node;
    const late = LATE.get(root) ?? [];
    LATE.delete(root);
    late.forEach((check) => check());
    throwProblems(node);
  }
}
