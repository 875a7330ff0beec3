import type { VariableFacts } from "../../catalog/environment";
import { parsePortRanges } from "../plan/ports";
import { didYouMean, oneOf } from "../../problems/text";

/** What is wrong with a value, and the remedy; `undefined`: nothing. */
export function valueProblem(
  facts: VariableFacts,
  value: string,
): { readonly allowed: string; readonly fix: string } | undefined {
  switch (facts.type) {
    case "integer":
      return numberProblem(facts, value, /^-?\d+$/, "a whole number");
    case "number":
      return numberProblem(facts, value, /^-?\d+(\.\d+)?$/, "a number");
    case "flag":
      return value === "0" || value === "1"
        ? undefined
        : { allowed: "must be '0' or '1'", fix: "use 0 or 1" };
    case "choice":
      return choiceProblem(facts, value);
    case "path":
      return value.startsWith("/")
        ? undefined
        : { allowed: "must be an absolute path in the container", fix: `did you mean '/${value}'?` };
    case "port-ranges":
      return value === "auto" || parsePortRanges(value)
        ? undefined
        : { allowed: "must be 'auto' or ranges of ports from 1024 to 65535", fix: "use e.g. '61000-61049'" };
    case "text":
      return value === ""
        ? { allowed: "must not be empty", fix: "give a value or remove the variable" }
        : undefined;
  }
}

function numberProblem(facts: VariableFacts, value: string, form: RegExp, noun: string) {
  const allowed = `must be ${noun} ${rangeText(facts)}`;
  if (!form.test(value)) {
    const digits = /^\d+/.exec(value)?.[0];
    const fix = digits === undefined ? "give a number" : `write the number alone, e.g. '${digits}'`;
    return { allowed: `${allowed}, without its unit`, fix };
  }
  const number = Number(value);
  if (facts.minimum !== null && number < facts.minimum) {
    return { allowed, fix: `use ${facts.minimum} or more` };
  }
  if (facts.maximum !== null && number > facts.maximum) {
    return { allowed, fix: `use ${facts.maximum} or less` };
  }
  return undefined;
}

function rangeText({ minimum, maximum, unit }: VariableFacts): string {
  const range = maximum === null ? `of at least ${minimum}` : `from ${minimum} to ${maximum}`;
  // A port or an index is its own unit.
  return unit === null || !/^(MB|s)$/.test(unit) ? range : `${range} ${unit}`;
}

function choiceProblem(facts: VariableFacts, value: string) {
  const allowed = facts.allowed ?? [];
  return allowed.includes(value)
    ? undefined
    : { allowed: `must be ${oneOf(allowed)}`, fix: didYouMean(value, allowed, `use '${allowed[0]}'`) };
}
