import type { PolicyFinding } from "./checkov";

/** Why a finding of a policy check stays, and of which resources it may be. */
export interface Reason {
  readonly on: RegExp;
  readonly why: string;
}

/** By the id of the check. */
export interface Reasons {
  readonly [check: string]: Reason;
}

/** What has no reason, and what has one without need: both empty where all is well. */
export function compared(
  findings: readonly PolicyFinding[],
  reasons: Reasons,
): { readonly withoutReason: readonly string[]; readonly withoutFinding: readonly string[] } {
  const isExplained = ({ check, resource }: PolicyFinding) => reasons[check]?.on.test(resource) ?? false;
  const open = findings.filter((finding) => !isExplained(finding));
  return {
    withoutReason: open.map(({ check, resource }) => `${check} on ${resource}`),
    withoutFinding: Object.keys(reasons).filter((id) => !findings.some(({ check }) => check === id)),
  };
}

/** Each finding has its reason, and each reason its finding. */
export const ALL_EXPLAINED = { withoutReason: [], withoutFinding: [] };
