import { isWhole, unless } from "../../problems/checks";
import { errorRule, warningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import { longestWay } from "../plan/deadlines";
import type { Deadlines } from "../plan/plan";
import type { ClusterRule } from "./rule";

/** Property, its deadline, and the least and the greatest number of seconds. */
const BOUNDS: readonly (readonly [string, keyof Deadlines, number, number])[] = [
  ["headTimeoutSeconds", "headSeconds", 5, 86400],
  ["membershipTimeoutSeconds", "membershipSeconds", 10, 86400],
  ["membershipHoldSeconds", "holdSeconds", 1, 600],
  ["stagingTimeoutSeconds", "stagingSeconds", 10, 7 * 86400],
  ["engineTimeoutSeconds", "engineSeconds", 1, 86400],
  ["completionTimeoutSeconds", "completionSeconds", 1, 3600],
  ["stopTimeoutSeconds", "stopSeconds", 5, 600],
  ["servingTimeoutSeconds", "servingSeconds", 10, 7 * 86400],
];

export const deadlineRules: readonly ClusterRule[] = [
  errorRule("RC080", {
    title: "Every timeout is a sensible number of whole seconds",
    why: "Without an end a deployment can hang; a timeout shorter than what it waits for always fails.",
    check: ({ deadlines }) =>
      BOUNDS.map(([path, deadline, minimum, maximum]) =>
        unless(isImplied(deadlines, deadline) || isWhole(deadlines[deadline], minimum, maximum), {
          path,
          got: show(deadlines[deadline]),
          must: `be a whole number of seconds from ${minimum} to ${maximum}`,
          fix: "leave it out for the default",
        }),
      ),
  }),
  errorRule("RC081", {
    title: "The engine is started 1 to 20 times",
    why: "Retries are bounded, so that a broken engine is reported instead of being started forever.",
    check: ({ retries: { engineStarts } }) =>
      !isWhole(engineStarts, 1, 20) && {
        path: "engineStartAttempts",
        got: show(engineStarts),
        must: "be a whole number from 1 to 20",
        fix: "leave it out for the default of 3",
      },
  }),
  warningRule("RC082", {
    title: "A deployment waits as long as its steps may take",
    why: "It would give up before the step that hangs can say why.",
    check: ({ deadlines }) => {
      const sum = longestWay(deadlines);
      return unless(deadlines.servingSeconds >= sum, {
        path: "servingTimeoutSeconds",
        got: `${deadlines.servingSeconds} s`,
        consequence: `is less than the ${sum} s that head, membership, hold, staging, engine and completion may take`,
        fix: "leave it out, or shorten the timeouts of the steps",
      });
    },
  }),
];

/** Without a model there is nothing to wait for; the default of a deployment, the sum of its steps, is as valid as they are. */
function isImplied(deadlines: Deadlines, deadline: keyof Deadlines): boolean {
  return deadline === "stagingSeconds"
    ? deadlines.stagingSeconds === 0
    : deadline === "servingSeconds" && Object.is(deadlines.servingSeconds, longestWay(deadlines));
}
