import { longestWay } from "../plan/deadlines";
import type { ClusterSpec } from "../plan/spec";
import type { Rule } from "./rule";
import { show } from "../../problems/text";

interface Bound {
  readonly property: string;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
}

export const deadlineRules: readonly Rule[] = [
  {
    id: "RC080",
    level: "error",
    title: "Every deadline is a sensible number of whole seconds",
    why: "A wait without an end hangs a deployment; one that is shorter than the thing it waits for always fails.",
    check: (spec) =>
      bounds(spec)
        .filter(({ value, minimum, maximum }) => !isWithin(value, minimum, maximum))
        .map(({ property, value, minimum, maximum }) => ({
          path: property,
          got: show(value),
          allowed: `must be a whole number of seconds from ${minimum} to ${maximum}`,
          fix: "leave it out for the default",
        })),
  },
  {
    id: "RC081",
    level: "error",
    title: "The engine is started 1 to 20 times",
    why: "Retries are bounded, so that a broken engine is reported and not started for ever.",
    check: ({ retries }) =>
      isWithin(retries.engineStarts, 1, 20)
        ? []
        : [
            {
              path: "engineStartAttempts",
              got: show(retries.engineStarts),
              allowed: "must be a whole number from 1 to 20",
              fix: "leave it out for 3",
            },
          ],
  },
  {
    id: "RC082",
    level: "warning",
    title: "A deployment waits as long as its steps may take",
    why: "It would give up before the step that hangs can say why.",
    check: ({ deadlines }) => {
      const sum = longestWay(deadlines);
      return deadlines.servingSeconds >= sum
        ? []
        : [
            {
              path: "servingTimeoutSeconds",
              got: show(deadlines.servingSeconds),
              allowed: `should be at least ${sum}, the sum of head, membership, hold, staging, engine and completion`,
              fix: "leave it out, or shorten the steps",
            },
          ];
    },
  },
];

function bounds({ deadlines }: ClusterSpec): readonly Bound[] {
  const bound = (property: string, value: number, minimum: number, maximum: number) => ({
    property,
    value,
    minimum,
    maximum,
  });
  return [
    bound("headTimeoutSeconds", deadlines.headSeconds, 5, 86400),
    bound("membershipTimeoutSeconds", deadlines.membershipSeconds, 10, 86400),
    bound("membershipHoldSeconds", deadlines.holdSeconds, 1, 600),
    // Without a model there is nothing to wait for.
    ...(deadlines.stagingSeconds === 0
      ? []
      : [bound("stagingTimeoutSeconds", deadlines.stagingSeconds, 10, 7 * 86400)]),
    bound("engineTimeoutSeconds", deadlines.engineSeconds, 1, 86400),
    bound("completionTimeoutSeconds", deadlines.completionSeconds, 1, 3600),
    bound("stopTimeoutSeconds", deadlines.stopSeconds, 5, 600),
    // The sum of the steps is as right as they are.
    ...(Object.is(deadlines.servingSeconds, longestWay(deadlines))
      ? []
      : [bound("servingTimeoutSeconds", deadlines.servingSeconds, 10, 7 * 86400)]),
  ];
}

function isWithin(value: number, minimum: number, maximum: number): boolean {
  return Number.isInteger(value) && value >= minimum && value <= maximum;
}
