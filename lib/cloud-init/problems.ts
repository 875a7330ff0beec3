import type { Problem } from "../topology/problem";
import { show } from "../topology/rules/text";

/** One problem of level `error`. */
export function error(
  rule: string,
  path: string,
  got: string | number | undefined,
  allowed: string,
  fix: string,
): readonly Problem[] {
  return [{ rule, level: "error", path, got: show(got), allowed, fix }];
}
