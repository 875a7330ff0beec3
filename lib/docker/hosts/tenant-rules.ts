import { rayPorts, reservedPorts } from "../../catalog/ports";
import { type ErrorRule, errorRule, type Rule, type Topic, warningRule } from "../../problems/rule";
import type { PortPlan } from "../../topology/plan/plan";
import { type Clash, oneAtATime, refused } from "../clash";

/** What a cluster takes of one machine for itself. */
export interface Tenant {
  /** Path of the cluster in the app. */
  readonly cluster: string;
  /** Path of its stack. */
  readonly stack: string;
  readonly machine: string;
  /** Where ssh reaches the machine: two entries with the same one are one machine. */
  readonly target: string;
  /** Index of the node's pool. */
  readonly pool: number;
  /** Device nodes; those of emulated accelerators by their names in the container. */
  readonly devices: readonly string[];
  readonly ports: readonly PortPlan[];
  /** Of containers and volumes. */
  readonly names: readonly string[];
}

/** HCCL opens it at the addresses of the NPUs themselves, and no two clusters have the same NPU. */
const ON_THE_DEVICES = /^hccl-npu(-\d+)?$/;

type Clashes = (own: readonly Tenant[], earlier: readonly Tenant[]) => readonly Clash[];

const inDevices: Clashes = (own, earlier) =>
  shared(
    own,
    earlier,
    ({ devices }) => devices,
    (one, other) => one === other,
  ).map(({ pool, other, taken, machines }) => ({
    path: `pools[${pool}].devices`,
    got: `${listed(taken)} on ${machines}`,
    other,
    fix: "choose the devices of both pools, e.g. devices: [0, 1, 2, 3] and [4, 5, 6, 7]",
  }));

const inPorts: Clashes = (own, earlier) =>
  perCluster(
    shared(own, earlier, ({ ports }) => ports.filter(({ name }) => !ON_THE_DEVICES.test(name)), overlap),
  ).map(({ other, taken, machines }) => ({
    path: "ports",
    got: `${listed(taken.map(portText))} on ${machines}`,
    other,
    fix: `set ${[...new Set(taken.map(mover))].join(", ")}`,
  }));

const inNames: Clashes = (own, earlier) =>
  perCluster(
    shared(
      own,
      earlier,
      ({ names }) => names,
      (one, other) => one === other,
    ),
  ).map(({ other, taken, machines }) => ({
    path: "name",
    got: `${listed(taken)} on ${machines}`,
    other,
    fix: "rename one of the two clusters",
  }));

/** Clusters of one stack are deployed together. */
function together(clashes: Clashes, must: string): ErrorRule<readonly Tenant[], readonly Tenant[]>["check"] {
  return (own, earlier) =>
    clashes(
      own,
      earlier.filter(({ stack }) => stack === own[0].stack),
    ).map((clash) => refused(clash, must));
}

const rules: readonly Rule<readonly Tenant[], readonly Tenant[]>[] = [
  errorRule("RC328", {
    title: "Two clusters on a machine have different devices",
    why: "A device works for one of them only: the other's engine fails for want of memory, or finds no device.",
    check: together(inDevices, "not be those"),
  }),
  errorRule("RC329", {
    title: "Two clusters on a machine have different ports",
    why: "Both use the machine's own network: the second one to start finds its ports taken.",
    check: together(inPorts, "not overlap those"),
  }),
  errorRule("RC330", {
    title: "Two clusters on a machine have different names",
    why: "Containers and volumes are named after the cluster, and a volume of the same name has the other's token.",
    check: together(inNames, "not be that"),
  }),
  warningRule("RC331", {
    title: "Clusters of different stacks on a machine have different devices, ports and names",
    why: "Only one of two such stacks can be deployed at a time, which may be what is meant.",
    check: (own, earlier) => {
      const others = earlier.filter(({ stack }) => stack !== own[0].stack);
      return [inDevices, inPorts, inNames].map((clashes) => clashes(own, others).map(oneAtATime));
    },
  }),
];

/** Rules of the machines that several clusters of an app share. */
export const TENANT_TOPIC: Topic<readonly Tenant[], readonly Tenant[]> = {
  title: "Machines that several clusters share",
  rules,
};

interface Shared<Item> {
  readonly pool: number;
  /** The other cluster. */
  readonly other: string;
  readonly taken: readonly Item[];
  readonly machines: string;
}

/** What both a cluster and an earlier one take of the same machines, for each pool and each other cluster. */
function shared<Item>(
  own: readonly Tenant[],
  earlier: readonly Tenant[],
  itemsOf: (tenant: Tenant) => readonly Item[],
  overlap: (one: Item, other: Item) => boolean,
): readonly Shared<Item>[] {
  const found = new Map<string, { pool: number; other: string; taken: Item[]; machines: string[] }>();
  for (const mine of own) {
    for (const theirs of earlier.filter(({ target }) => target === mine.target)) {
      const taken = itemsOf(mine).filter((one) => itemsOf(theirs).some((other) => overlap(one, other)));
      if (taken.length > 0) {
        const key = `${mine.pool} ${theirs.cluster}`;
        const entry = found.get(key) ?? { pool: mine.pool, other: theirs.cluster, taken: [], machines: [] };
        entry.taken.push(...taken);
        entry.machines.push(mine.machine);
        found.set(key, entry);
      }
    }
  }
  return [...found.values()].map((entry) => ({
    ...entry,
    taken: [...new Set(entry.taken)],
    machines: listed(entry.machines),
  }));
}

/** Of all pools together. */
function perCluster<Item>(found: readonly Shared<Item>[]): readonly Shared<Item>[] {
  return [...new Set(found.map(({ other }) => other))].map((other) => {
    const all = found.filter((entry) => entry.other === other);
    return {
      ...all[0],
      taken: [...new Set(all.flatMap(({ taken }) => taken))],
      machines: [...new Set(all.map(({ machines }) => machines))].join(", "),
    };
  });
}

function portText({ name, from, to }: PortPlan): string {
  return `${from === to ? from : `${from}-${to}`} (${name})`;
}

/** A range that ports are picked from is in the way of users only: the packet filter closes it. */
function overlap(one: PortPlan, other: PortPlan): boolean {
  const isInTheWay = (port: PortPlan, next: PortPlan) => !port.isPicked || next.reachableBy === "user";
  return one.from <= other.to && other.from <= one.to && isInTheWay(one, other) && isInTheWay(other, one);
}

/** What moves a port. */
function mover({ name, isPicked }: PortPlan): string {
  if (isPicked) {
    return "engine.port of the other cluster";
  }
  if (rayPorts().some((row) => row.name === name)) {
    return "ports.offset, e.g. 1000";
  }
  const variable = reservedPorts().find((row) => name === row.name || name.startsWith(`${row.name}-`))
    ?.movedBy[0]?.variable;
  if (variable !== undefined) {
    return `environment.${variable}`;
  }
  return name === "engine" ? "engine.port" : `the engine's port '${name}'`;
}

/** The first four of them. */
function listed(items: readonly string[]): string {
  const more = items.length > 4 ? ` and ${items.length - 4} more` : "";
  return `${items.slice(0, 4).join(", ")}${more}`;
}
