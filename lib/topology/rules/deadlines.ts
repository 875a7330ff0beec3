import { isWhole } from "../../problems/checks";
import { show } from "../../problems/text";
import { longestWay } from "../plan/deadlines";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

interface Bound {
  readonly property: string;
  readonly value: number;
  readonly minimum: number;
  readonly maximum: number;
}

export const deadlineRules: readonly ClusterRule[] = [
  {
    id: "RC080",
    level: "error",
    title: "Every timeout is a sensible number of whole seconds",
    why: "Without an end a deployment can hang; a timeout shorter than what it waits for always fails.",
    check: (spec) =>
      bounds(spec)
        .filter(({ value, minimum, maximum }) => !isWhole(value, minimum, maximum))
        .map(({ property, value, minimum, maximum }) => ({
          path: property,
          got: show(value),
          must: `be a whole number of seconds from ${minimum} to ${maximum}`,
          fix: "leave it out for the default",
        })),
  },
  {
    id: "RC081",
    level: "error",
    title: "The engine is started 1 to 20 times",
    why: "Retries are bounded, so that a broken engine is reported instead of being started forever.",
    check: ({ retries: { engineStarts } }) =>
      isWhole(engineStarts, 1, 20)
        ? []
        : {
            path: "engineStartAttempts",
            got: show(engineStarts),
            must: "be a whole number from 1 to 20",
            fix: "leave it out for the default of 3",
          },
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
        : {
            path: "servingTimeoutSeconds",
            got: `${deadlines.servingSeconds} s`,
            consequence: `is less than the ${sum} s that head, membership, hold, staging, engine and completion may take`,
            fix: "leave it out, or shorten the timeouts of the steps",
          };
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
    // The default, the sum of the steps, is as valid as they are.
    ...(Object.is(deadlines.servingSeconds, longestWay(deadlines))
      ? []
      : [bound("servingTimeoutSeconds", deadlines.servingSeconds, 10, 7 * 86400)]),
  ];
}
