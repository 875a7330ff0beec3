import { type PortMover, type ReservedPortFacts, rayPorts, reservedPorts } from "../../catalog/ports";
import { isWhole } from "../../problems/checks";
import type { EngineApi } from "../engine-spec";
import type { PortPlan } from "./plan";
import type { ClusterSpec } from "./spec";

/** First and last port, both inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** Every port that the cluster opens, in a fixed order: Ray, engine, libraries. */
export function planPorts(spec: ClusterSpec): readonly PortPlan[] {
  const ray = rayPorts().map((row): PortPlan => {
    const property = propertyOf(row.name);
    const range =
      row.name === "workers"
        ? { from: spec.ports.workersFrom ?? row.from, to: spec.ports.workersTo ?? row.to }
        : { from: spec.ports[property] ?? row.from, to: spec.ports[property] ?? row.to };
    return { name: row.name, ...range, where: row.where, reachableBy: "cluster", purpose: row.purpose };
  });
  const { name, api, ports } = spec.engine;
  const engine: PortPlan[] = ports.map((port) => ({
    ...port,
    reachableBy: "cluster",
    purpose: `engine '${name}'`,
  }));
  return [
    ...ray,
    ...(api ? [apiPort(name, api)] : []),
    ...engine,
    ...reservedPorts().flatMap((row) => reservedPlans(spec, row)),
  ];
}

function apiPort(engine: string, { port }: EngineApi): PortPlan {
  return {
    name: "engine",
    from: port,
    to: port,
    where: "head",
    reachableBy: "user",
    purpose: `API of the engine '${engine}'`,
  };
}

/** Property of `RayPorts` for a port of the catalogue: `node-manager` is `nodeManager`. */
export function propertyOf(portName: string): string {
  return portName.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Ranges of a value such as `16666` or `60000-60049,60050`; `undefined` for an invalid value. */
export function parsePortRanges(value: string): readonly PortRange[] | undefined {
  const ranges = value.split(",").map((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    return match && { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
  });
  const usable = ranges.filter((range): range is PortRange => range !== null && isPortRange(range));
  return usable.length === ranges.length ? usable : undefined;
}

/** Whether an unprivileged process may open the port. */
export function isPort(port: number): boolean {
  return isWhole(port, 1024, 65535);
}

/** Whether both ends are such ports, in order. */
export function isPortRange({ from, to }: PortRange): boolean {
  return isPort(from) && isPort(to) && from <= to;
}

function reservedPlans(spec: ClusterSpec, row: ReservedPortFacts): readonly PortPlan[] {
  if (!isTaken(spec, row)) {
    return [];
  }
  return takenRanges(spec, row).map((range, index) => ({
    name: index === 0 ? row.name : `${row.name}-${index + 1}`,
    ...range,
    where: row.where,
    reachableBy: "cluster",
    purpose: row.purpose,
  }));
}

function isTaken(spec: ClusterSpec, row: ReservedPortFacts): boolean {
  const { collective, engineArgument } = row.when;
  if (collective !== undefined) {
    return spec.collective === collective;
  }
  return (
    engineArgument !== undefined &&
    spec.engine.argv.some((argument) => argument.toLowerCase().includes(engineArgument))
  );
}

function takenRanges(spec: ClusterSpec, row: ReservedPortFacts): readonly PortRange[] {
  const perNode = Math.max(0, ...spec.pools.map((pool) => pool.acceleratorsPerNode));
  const fixed = { from: row.from, to: row.to + Math.max(row.perAccelerator * perNode - 1, 0) };
  const mover = portMover(spec, row);
  const value = mover && spec.environment[mover.variable];
  if (mover === undefined || value === undefined) {
    return [fixed];
  }
  if (mover.holds === "ranges") {
    // `auto` lets the kernel choose: there is nothing to plan (RC035).
    return parsePortRanges(value) ?? [];
  }
  const base = Number(value);
  // RC048 reports a value that is no port.
  return isPortRange({ from: base, to: base }) ? [{ from: base, to: base + fixed.to - fixed.from }] : [fixed];
}

/** The variable by which the declaration moves a range that a library takes; `undefined`: none is set. */
export function portMover(spec: ClusterSpec, row: ReservedPortFacts): PortMover | undefined {
  return row.movedBy.find(({ variable }) => spec.environment[variable] !== undefined);
}
