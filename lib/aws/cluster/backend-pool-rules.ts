import { findAccelerator } from "../../catalog/accelerators";
import { acceleratorsOfInstance } from "../../catalog/instance-types";
import { isWithin, repeated, unless } from "../../problems/checks";
import { errorRule, warningRule, type Topic } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import { isAwsStorage } from "../storage/storage";
import type { SiteDecisions, SitePool } from "./site-decisions";

/** What must hold between the pools of a cluster and their machines. */
export const BACKEND_POOL_TOPIC: Topic<SiteDecisions> = {
  title: "EC2: pools of a cluster",
  rules: [
    errorRule("RC447", {
      title: "A pool names its machine type",
      why: "EC2 creates the machines, and nothing else says which.",
      check: ({ pools }) =>
        pools.flatMap(({ machines, paths }) =>
          unless(machines.instanceType !== "", {
            path: paths.instanceType,
            got: "nothing",
            must: "be an instance type of EC2",
            fix: "use AwsInstanceType.of('p5.48xlarge').nodePool(...), or the type that you want",
          }),
        ),
    }),
    errorRule("RC430", {
      title: "The machine type has the accelerators that the pool declares",
      why: "The boot would wait for devices that the machines do not have.",
      check: ({ pools }) =>
        pools.flatMap((pool, index) => {
          const { type, declared } = factsOf(pool);
          return type === undefined || declared === undefined
            ? []
            : unless(declared.emulated || declared.id === type.accelerator, {
                path: `pools[${index}].accelerator`,
                got: show(declared.id),
                must:
                  type.accelerator === null
                    ? `be left out: ${type.id} has no accelerators`
                    : `be '${type.accelerator}', the accelerator of ${type.id}`,
                fix: `use AwsInstanceType.of('${type.id}').nodePool(...), or another machine type`,
              });
        }),
    }),
    errorRule("RC431", {
      title: "The machines have as many accelerators as the pool declares",
      why: "The boot would wait for devices that the machines do not have.",
      check: ({ pools }) =>
        pools.flatMap((pool, index) => {
          const { type, declared, count, has, last } = factsOf(pool);
          const isOther = declared?.id !== type?.accelerator;
          const fix = `use AwsInstanceType.of('${type?.id}').nodePool(...)`;
          const chosen = { path: `pools[${index}].devices`, got: `device ${last.number}`, fix };
          return [
            unless(isOther || !(count > has), {
              path: `pools[${index}].acceleratorsPerNode`,
              got: show(count),
              must: `be at most ${has}, as many as ${type?.id} has`,
              fix,
            }),
            unless(isOther || count > has || !(last.accelerators > has), {
              ...chosen,
              must: `be below ${has / last.each}, the devices of ${type?.id}`,
            }),
          ].flat();
        }),
    }),
    warningRule("RC432", {
      title: "A pool uses all accelerators of its machines",
      why: "The whole machine is paid for.",
      check: ({ pools }) =>
        pools.flatMap((pool, index) => {
          const { type, declared, count, has } = factsOf(pool);
          const isOther = declared !== undefined && declared.id !== type?.accelerator;
          return unless(type === undefined || isOther || !(count < has), {
            path: `pools[${index}].acceleratorsPerNode`,
            got: show(count),
            consequence: `leaves ${has - count} of the ${has} accelerators of ${type?.id} unused, though they are paid for`,
            fix: `use AwsInstanceType.of('${type?.id}').nodePool(...), or a smaller machine type`,
          });
        }),
    }),
    errorRule("RC436", {
      title: "P4d machines are not mixed with others on EFA",
      why: "EC2 carries no EFA traffic between P4d or P4de and other instance types.",
      check: ({ declaration: { fabric }, pools }) => {
        const types = [...new Set(pools.map(({ machines }) => machines.instanceType))];
        return unless(fabric.id !== "efa" || types.every(isP4d) || !types.some(isP4d), {
          path: "pools",
          got: types.join(" and "),
          must: "not mix P4d or P4de with other machine types on EFA",
          fix: "use one machine type",
        });
      },
    }),
    errorRule("RC437", {
      title: "Options are for a pool of the cluster",
      why: "They would have no effect.",
      check: (site) => {
        const names = site.declaration.pools.map(({ name }) => name);
        return namedPools(site).flatMap(({ path, value }) =>
          unless(names.includes(value), {
            path,
            got: show(value),
            must: `be a pool of the cluster (${names.join(", ")})`,
            fix: didYouMean(value, names, "remove it or add the pool"),
          }),
        );
      },
    }),
    errorRule("RC449", {
      title: "Options of a pool are given once",
      why: "Only the first ones would have an effect.",
      check: (site) =>
        repeated(namedPools(site)).map(({ path, value, first }) => ({
          path,
          got: show(value),
          must: `differ from ${first}`,
          fix: "put all options of the pool into one entry",
        })),
    }),
    errorRule("RC439", {
      title: "A folder on the instance store is on machines that have one",
      why: "Nothing would be mounted there: the files would fill the root volume.",
      check: ({ declaration: { storage }, pools }) =>
        storage.flatMap(({ hostPath }, index) => {
          const machines = pools.find((pool) => lacksDisk(pool, hostPath))?.machines;
          return unless(machines === undefined, {
            path: `storage[${index}]`,
            got: show(hostPath),
            must: `be outside ${machines?.machineImage.localDiskFolder}: ${machines?.instanceType} has no instance store`,
            fix: "use HostPathStorage.perNode() on the root volume, or another machine type",
          });
        }),
    }),
    errorRule("RC450", {
      title: "A shared folder is on storage that the machines mount",
      why: "The machines are new: each would have an empty folder of its own there.",
      check: ({ declaration: { storage } }) =>
        storage.flatMap((one, index) =>
          unless(isAwsStorage(one) || !one.isShared, {
            path: `storage[${index}]`,
            got: show(one.hostPath),
            must: "be storage that the machines mount, or a folder of each machine",
            fix: "use FsxLustreStorage, EfsStorage or NfsStorage; for a disk of the machine HostPathStorage.perNode",
          }),
        ),
    }),
  ],
};

/** What is known of a pool's machine type, and what the pool declares of it. */
function factsOf({ machines, pool }: SitePool) {
  const { type } = machines.facts;
  const declared = pool.accelerator && findAccelerator(pool.accelerator.id);
  const each = declared?.acceleratorsPerDevice ?? 1;
  const chosen = pool.devices === undefined ? declared?.usualPerNode : pool.devices.length * each;
  const number = Math.max(-1, ...(pool.devices ?? []));
  return {
    type,
    declared,
    count: declared === undefined ? 0 : (pool.acceleratorsPerNode ?? chosen ?? 0),
    /** The chosen device with the highest number. */
    last: { number, each, accelerators: (number + 1) * each },
    has: type === undefined ? 0 : acceleratorsOfInstance(type),
  };
}

function isP4d(instanceType: string): boolean {
  return /^p4de?\./.test(instanceType);
}

/** The pools that options name. */
function namedPools({ props: { pools = [] } }: SiteDecisions) {
  return pools.map(({ pool }, index) => ({ path: `backend.pools[${index}].pool`, value: pool }));
}

function lacksDisk({ machines }: SitePool, hostPath: string): boolean {
  const { localDiskFolder } = machines.machineImage;
  return (
    localDiskFolder !== undefined &&
    isWithin(hostPath, localDiskFolder) &&
    machines.facts.type?.instanceStoreDisks === 0
  );
}
