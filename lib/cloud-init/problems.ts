import type { Problem } from "../problems/problem";
import { show } from "../problems/text";

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
