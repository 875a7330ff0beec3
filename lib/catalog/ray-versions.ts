import type { FactRow } from "./facts";
import rows from "./ray-versions.json";
import { table } from "./table";

/** A Ray version at which something changed. */
export interface RayMilestone extends FactRow {
  readonly id: string;
  readonly version: string;
}

/** Oldest version first. */
export const { all: rayMilestones, get: rayMilestone } = table<RayMilestone>("Ray milestone", rows);

/** The Ray version of a milestone. */
export function rayVersionOf(milestone: string): string {
  return rayMilestone(milestone).version;
}

/** Numbers of a version such as `2.58.0`, `2.58`, `2.58.0rc1`; `undefined` where it is none. */
export function parseVersion(version: string): readonly number[] | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(?:[-.]?(?:rc|post|dev)\d+)?$/.exec(version);
  return match?.slice(1, 4).map((part) => Number(part ?? 0));
}

/** Negative, zero or positive as `a` is older than, equal to or newer than `b`; both must be versions. */
export function compareVersions(a: string, b: string): number {
  const left = parseVersion(a);
  const right = parseVersion(b);
  if (!left || !right) {
    throw new Error(`not a version: '${left ? b : a}'`);
  }
  for (const [index, part] of left.entries()) {
    if (part !== right[index]) {
      return part - right[index];
    }
  }
  return 0;
}

/** Whether a version lies between two, both inclusive; a missing end is open. */
export function isVersionWithin(version: string, from?: string | null, to?: string | null): boolean {
  return (!from || compareVersions(version, from) >= 0) && (!to || compareVersions(version, to) <= 0);
}
