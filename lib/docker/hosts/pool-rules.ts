import { basename } from "node:path";
import { type AcceleratorFacts, findAccelerator } from "../../catalog/accelerators";
import { isAbsolutePath, isWhole, unless } from "../../problems/checks";
import { errorRule, type Topic } from "../../problems/rule";
import { didYouMean, oneOf, show } from "../../problems/text";
import { isInService, type MachineDraft } from "./host-machine";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";

const rules: readonly HostsRule[] = [
  errorRule("RC310", {
    title: "A machine names a pool of the cluster",
    why: "It would be a node of none.",
    check: ({ machines }, { pools }) => {
      const names = pools.map(({ name }) => name);
      return machines.flatMap((machine, index) =>
        machine.pool === undefined || names.includes(machine.pool) || !isInService(machine)
          ? []
          : {
              path: `backend.hosts[${index}].pool`,
              got: show(machine.pool),
              must: `be ${oneOf(names)}`,
              fix: didYouMean(machine.pool, names, "name one of the cluster's pools"),
            },
      );
    },
  }),
  errorRule("RC325", {
    title: "Either all machines name a pool or none do",
    why: "It would be unclear which pool the others belong to.",
    check: ({ machines }, { pools }) => {
      const must = "be given as for the other machines";
      const fix = `use ${oneOf(pools.map(({ name }) => name))}`;
      const inService = [...machines.keys()].filter((index) => isInService(machines[index]));
      const without = inService
        .filter((index) => machines[index].pool === undefined)
        .map((index) => ({ path: `backend.hosts[${index}].pool`, got: "nothing", must, fix }));
      return without.length < inService.length ? without : [];
    },
  }),
  errorRule("RC311", {
    title: "A machine has as many accelerators as its pool needs",
    why: "Ray would never count the planned accelerators of that node.",
    check: (declaration, facts) =>
      nodes(declaration, facts).flatMap(
        ({ path, machine: { acceleratorCount: count }, planned = 0, last }) => {
          return unless(!isWhole(count, 0) || count >= (last ?? planned), {
            path: `${path}.acceleratorCount`,
            got: show(count),
            must:
              last === undefined
                ? `be at least ${planned}, the accelerators per node of its pool`
                : `be at least ${last}, because its pool has chosen the devices up to number ${last - 1}`,
            fix: "plan fewer acceleratorsPerNode, or use another machine",
          });
        },
      ),
  }),
  errorRule("RC312", {
    title: "A machine has one device address for each device",
    why: "HCCL needs the address of every NPU.",
    check: (declaration, facts) =>
      nodes(declaration, facts).flatMap(({ path, machine, planned, last }) => {
        const { deviceIps, acceleratorCount, acceleratorCount: count = planned } = machine;
        const given = deviceIps?.length ?? 0;
        // A pool that has chosen devices: theirs alone, or those of the whole machine.
        const isOfChosen =
          last !== undefined && (given === planned || (acceleratorCount === undefined && given >= last));
        return unless(deviceIps === undefined || count === undefined || given === count || isOfChosen, {
          path: `${path}.deviceIps`,
          got: `${given} addresses`,
          must: `be ${count}, one for each device`,
          fix: "see /etc/hccn.conf of the machine",
        });
      }),
  }),
  errorRule("RC315", {
    title: "A path of the driver replaces one that is mounted",
    why: "It replaces the path with the same base name; any other has no effect.",
    check: (declaration, facts) =>
      nodes(declaration, facts).flatMap(({ path, machine: { driverPaths = [] }, accelerator }) => {
        const names = accelerator?.mounts.map(({ source }) => basename(source)) ?? [];
        const must = `have the base name of a mounted driver path (${names.join(", ") || "there is none"})`;
        return driverPaths.flatMap((own, index) =>
          unless(!isAbsolutePath(own) || names.includes(basename(own)), {
            path: `${path}.driverPaths[${index}]`,
            got: show(own),
            must,
            fix: "remove it",
          }),
        );
      }),
  }),
  errorRule("RC320", {
    title: "The network that the machines share is given",
    why: "Ray and the engine use the addresses of this network only.",
    check: ({ subnetCidr }) =>
      unless(subnetCidr !== undefined, {
        path: "backend.subnetCidr",
        got: "nothing",
        must: "be the IPv4 CIDR of the network that the machines share",
        fix: "add `subnetCidr: ...`, e.g. 10.20.0.0/24",
      }),
  }),
];

export const POOL_TOPIC: Topic<HostsDeclaration, HostsFacts> = { title: "Existing machines as nodes", rules };

/** A machine that is a node, and what its pool needs. */
interface NodeDraft {
  readonly path: string;
  readonly machine: MachineDraft;
  readonly planned: number | undefined;
  /** Accelerators up to the last chosen device; `undefined`: none are chosen. */
  readonly last: number | undefined;
  readonly accelerator: AcceleratorFacts | undefined;
}

function nodes({ machines }: HostsDeclaration, { pools, assignment }: HostsFacts): readonly NodeDraft[] {
  return pools.flatMap((pool) => {
    const accelerator = pool.accelerator && findAccelerator(pool.accelerator.id);
    const each = accelerator?.acceleratorsPerDevice ?? 1;
    const { devices } = pool;
    const planned =
      pool.acceleratorsPerNode ?? (devices === undefined ? accelerator?.usualPerNode : devices.length * each);
    const last = devices === undefined ? undefined : (Math.max(...devices) + 1) * each;
    return assignment[pool.name].map((index) => ({
      path: `backend.hosts[${index}]`,
      machine: machines[index],
      planned,
      last,
      accelerator,
    }));
  });
}
