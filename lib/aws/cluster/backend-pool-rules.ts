import { findAccelerator } from "../../catalog/accelerators";
import { acceleratorsOfInstance, findInstanceType } from "../../catalog/instance-types";
import { show } from "../../problems/text";
import type { BackendPool } from "./backend-spec";
import type { AwsRule } from "../rule";

/** A pool as declared, with its place in the declaration. */
export interface PoolOfBackend {
  readonly pool: BackendPool;
  readonly index: number;
}

/** What must hold between a pool that is declared and its machines. */
export const poolOfBackendRules: readonly AwsRule<PoolOfBackend>[] = [
  {
    id: "RC430",
    title: "The instance type has the accelerators that the pool declares.",
    check: ({ pool, index }) => {
      const type = findInstanceType(pool.machines.instanceType);
      const declared = pool.acceleratorId === undefined ? undefined : findAccelerator(pool.acceleratorId);
      // Emulated ones are device nodes that any machine has.
      if (
        type === undefined ||
        declared === undefined ||
        declared.emulated ||
        declared.id === type.accelerator
      ) {
        return undefined;
      }
      return {
        path: `pools[${index}].accelerator`,
        got: show(declared.id),
        allowed: `must be '${type.accelerator}', which is what ${type.id} has`,
        fix: `use AwsInstanceType.of('${type.id}').nodePool(...), or another instance type`,
      };
    },
  },
  {
    id: "RC431",
    title: "The machines have as many accelerators as the pool declares.",
    check: ({ pool, index }) => {
      const type = findInstanceType(pool.machines.instanceType);
      const declared = pool.acceleratorId === undefined ? undefined : findAccelerator(pool.acceleratorId);
      if (type === undefined || declared === undefined || declared.id !== type.accelerator) {
        return undefined;
      }
      const count = pool.acceleratorsPerNode ?? declared.usualPerNode;
      const has = acceleratorsOfInstance(type);
      return count <= has
        ? undefined
        : {
            path: `pools[${index}].acceleratorsPerNode`,
            got: show(count),
            allowed: `must be at most ${has}, the number of ${type.id}`,
            fix: `use AwsInstanceType.of('${type.id}').nodePool(...)`,
          };
    },
  },
  {
    id: "RC432",
    level: "warning",
    title: "A pool uses all accelerators that are paid for.",
    check: ({ pool, index }) => {
      const type = findInstanceType(pool.machines.instanceType);
      const declared = pool.acceleratorId === undefined ? undefined : findAccelerator(pool.acceleratorId);
      if (type === undefined || (declared !== undefined && declared.id !== type.accelerator)) {
        return undefined;
      }
      const count = declared === undefined ? 0 : (pool.acceleratorsPerNode ?? declared.usualPerNode);
      const has = acceleratorsOfInstance(type);
      return count >= has
        ? undefined
        : {
            path: `pools[${index}].acceleratorsPerNode`,
            got: show(count),
            allowed: `should be ${has}: ${type.id} has so many, and all of them are paid for`,
            fix: `use AwsInstanceType.of('${type.id}').nodePool(...), or a smaller type`,
          };
    },
  },
];
