import type { Finding } from "../topology/rules/rule";
import type { Problem } from "../problems/problem";

/** One thing that must hold on EC2. Pure, as the rules of the topology. */
export interface AwsRule<Spec> {
  /** Stable; never given to another rule. */
  readonly id: string;
  /** @default 'error' */
  readonly level?: Problem["level"];
  /** What must hold. */
  readonly title: string;
  check(spec: Spec): Finding | undefined;
}

/** Everything that is wrong with a specification. */
export function applyRules<Spec>(rules: readonly AwsRule<Spec>[], spec: Spec): readonly Problem[] {
  return rules.flatMap((rule) => {
    const finding = rule.check(spec);
    return finding === undefined ? [] : [{ rule: rule.id, level: rule.level ?? "error", ...finding }];
  });
}
