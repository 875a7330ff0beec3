import { isAbsolutePath } from "../problems/checks";
import type { ErrorRule } from "../problems/rule";
import { isLate } from "../problems/late-values";
import { type ValueRule, valueRule, valuesAt } from "../problems/value-rule";
import type { CloudInitSettings } from "./settings";

export const WORD = /^\S+$/;

/** A rule about each value of a property. A value that is known only at apply is not judged. */
export function form(rule: ValueRule): ErrorRule<CloudInitSettings, unknown> {
  return valueRule(rule, (settings, at) =>
    valuesAt(settings, at, "backend").filter(({ value }) => !isLate(String(value))),
  );
}

/** A path on a machine, as systemd and the data of a boot can carry it. */
export function isMachinePath(path: string): boolean {
  return isAbsolutePath(path) && /^[\w./-]{2,}$/.test(path);
}
