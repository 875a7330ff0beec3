import type { ErrorFinding, WarningFinding } from "../problems/rule";

/** What two clusters of an app would both take. */
export interface Clash {
  readonly path: string;
  readonly got: string;
  /** The other cluster. */
  readonly other: string;
  readonly fix: string;
}

/** Clusters of one stack are deployed together. @param must e.g. `not be that` */
export function refused({ other, ...clash }: Clash, must: string): ErrorFinding {
  return { ...clash, must: `${must} of the cluster '${other}'` };
}

/** Clusters of different stacks may be meant to take turns. */
export function oneAtATime({ other, ...clash }: Clash): WarningFinding {
  return {
    ...clash,
    consequence: `is also that of the cluster '${other}', and only one of the two can be deployed at a time`,
  };
}
