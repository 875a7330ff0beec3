import type { VariableFacts } from "../../catalog/environment";
import type { ErrorFinding } from "../../problems/rule";
import { didYouMean, oneOf } from "../../problems/text";
import { parsePortRanges } from "../plan/ports";

type ValueProblem = Pick<ErrorFinding, "must" | "fix">;

/** What a value must be, and the remedy; `undefined`: nothing is wrong with it. */
export function valueProblem(facts: VariableFacts, value: string): ValueProblem | undefined {
  switch (facts.type) {
    case "integer":
      return numberProblem(facts, value, /^-?\d+$/, "a whole number");
    case "number":
      return numberProblem(facts, value, /^-?\d+(\.\d+)?$/, "a number");
    case "flag":
      return value === "0" || value === "1" ? undefined : { must: "be '0' or '1'", fix: "use 0 or 1" };
    case "choice":
      return choiceProblem(facts.allowed ?? [], value);
    case "path":
      return value.startsWith("/")
        ? undefined
        : { must: "be an absolute path in the container", fix: `did you mean '/${value}'?` };
    case "port-ranges":
      return value === "auto" || parsePortRanges(value)
        ? undefined
        : { must: "be 'auto' or ranges of ports from 1024 to 65535", fix: "use, for example, '61000-61049'" };
    case "text":
      return value === "" ? { must: "not be empty", fix: "set a value or remove the variable" } : undefined;
  }
}

function numberProblem(
  facts: VariableFacts,
  value: string,
  form: RegExp,
  noun: string,
): ValueProblem | undefined {
  const must = `be ${noun} ${rangeText(facts)}`;
  if (!form.test(value)) {
    const digits = /^\d+/.exec(value)?.[0];
    const fix = digits === undefined ? "use a number" : `write only the number, e.g. '${digits}'`;
    return { must: `${must}, without a unit`, fix };
  }
  const number = Number(value);
  if (facts.minimum !== null && number < facts.minimum) {
    return { must, fix: `use ${facts.minimum} or more` };
  }
  if (facts.maximum !== null && number > facts.maximum) {
    return { must, fix: `use ${facts.maximum} or less` };
  }
  return undefined;
}

function rangeText({ minimum, maximum, unit }: VariableFacts): string {
  const range = maximum === null ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  // A port or an index is its own unit.
  return unit === null || !/^(MB|s)$/.test(unit) ? range : `${range} ${unit}`;
}

function choiceProblem(allowed: readonly string[], value: string): ValueProblem | undefined {
  return allowed.includes(value)
    ? undefined
    : { must: `be ${oneOf(allowed)}`, fix: didYouMean(value, allowed, `use '${allowed[0]}'`) };
}
