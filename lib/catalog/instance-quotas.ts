import type { FactRow } from "./facts";
import rows from "./instance-quotas.json";
import { table } from "./table";

/** A quota on the vCPUs of running on-demand machines, which all types of its families share. */
export interface InstanceQuota extends FactRow {
  readonly id: string;
  /** Letters with which the types begin, e.g. `p` of `p5.48xlarge` and of `p6-b300.48xlarge`. */
  readonly families: readonly string[];
  /** As Service Quotas calls it. */
  readonly name: string;
  /** Code in Service Quotas, of the service `ec2`. */
  readonly code: string;
}

const { all } = table<InstanceQuota>("instance quota", rows);

/** @returns `undefined` for a family whose quota is not in the table */
export function findInstanceQuota(instanceType: string): InstanceQuota | undefined {
  const letters = /^[a-z]+/.exec(instanceType)?.[0] ?? "";
  return all().find(({ families }) => families.includes(letters));
}
