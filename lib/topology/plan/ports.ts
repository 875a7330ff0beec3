import {
  type PortMover,
  type RayPortFacts,
  type ReservedPortFacts,
  rayPorts,
  reservedPorts,
} from "../../catalog/ports";
import { compareVersions, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import { isWhole } from "../../problems/checks";
import type { EngineApi } from "../engine-spec";
import type { PortPlan } from "./plan";
import type { ClusterSpec } from "./spec";

/** First and last port, both inclusive. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A port that the cluster opens, and where the user moves it. */
export interface DeclaredPort {
  readonly port: PortPlan;
  /** Property or variable that moves it, e.g. `ports.gcs`, `environment.HCCL_IF_BASE_PORT`. */
  readonly path: string;
  /** Of two ports that overlap, the one that is easier to move is reported: 3 chosen, 2 the engine's, 1 Ray's, 0 a library's. */
  readonly movability: number;
}

/** Every port that the cluster opens, in a fixed order: Ray, engine, libraries. */
export function declaredPorts(spec: ClusterSpec): readonly DeclaredPort[] {
  const { name, api, ports } = spec.engine;
  return [
    ...rayPorts().map((row) => rayPort(spec, row)),
    ...(api ? [apiPort(name, api)] : []),
    ...ports.map((port): DeclaredPort => ({
      port: { ...port, reachableBy: "cluster", purpose: `engine '${name}'` },
      path: `engine.ports.${port.name}`,
      movability: 2,
    })),
    ...reservedPorts().flatMap((row) => libraryPorts(spec, row)),
  ];
}

function rayPort(spec: ClusterSpec, { name, where, purpose, ...row }: RayPortFacts): DeclaredPort {
  const isOlder = isOlderRay(spec);
  const [first, last = first] = rayPortProperties(name);
  const { [first]: from, [last]: to, offset = 0 } = spec.ports;
  return {
    port: {
      name,
      from: from ?? row.from + offset,
      to: to ?? row.to + offset,
      where,
      reachableBy: "cluster",
      listensOn: isOlder ? row.listensOnBefore : row.listensOn,
      ...(spec.internodeTls && row.hasTls ? { hasTls: true } : {}),
      purpose,
    },
    path: `ports.${first}`,
    movability: from === undefined && to === undefined ? 1 : 3,
  };
}

/** Than the one whose sockets were measured; not so where its version is not known. */
function isOlderRay({ image: { rayVersion } }: ClusterSpec): boolean {
  return parseVersion(rayVersion) !== undefined && compareVersions(rayVersion, rayVersionOf("emulation")) < 0;
}

function apiPort(engine: string, { port, listenAddress }: EngineApi): DeclaredPort {
  const purpose = `API of the engine '${engine}'`;
  const listensOn = listenAddress === undefined || listenAddress === "0.0.0.0" ? "all" : "node";
  return {
    port: { name: "engine", from: port, to: port, where: "head", reachableBy: "user", listensOn, purpose },
    path: "engine.port",
    movability: 3,
  };
}

/** Properties of `RayPorts` for a port of the catalogue: `nodeManager` for `node-manager`. */
export function rayPortProperties(name: string): readonly string[] {
  return name === "workers"
    ? ["workersFrom", "workersTo"]
    : [name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
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

function libraryPorts(spec: ClusterSpec, row: ReservedPortFacts): readonly DeclaredPort[] {
  const { where, purpose, movedBy, isPicked } = row;
  const mover = movedBy.find(({ variable }) => spec.environment[variable] !== undefined);
  return (isTaken(spec, row) ? takenRanges(spec, row, mover) : []).map((range, index) => {
    const name = index === 0 ? row.name : `${row.name}-${index + 1}`;
    return {
      port: { name, ...range, where, reachableBy: "cluster", ...(isPicked ? { isPicked } : {}), purpose },
      path: mover ? `environment.${mover.variable}` : `ports (${name})`,
      movability: 0,
    };
  });
}

function isTaken(spec: ClusterSpec, row: ReservedPortFacts): boolean {
  const { collective, engineArgument, isOlderRay: isOfOlderRay } = row.when;
  if (isOfOlderRay === true) {
    return isOlderRay(spec);
  }
  if (collective !== undefined) {
    return spec.collective === collective;
  }
  return (
    engineArgument !== undefined &&
    spec.engine.argv.some((argument) => argument.toLowerCase().includes(engineArgument))
  );
}

/** @param mover the variable by which the declaration moves the range; `undefined`: none is set */
function takenRanges(
  spec: ClusterSpec,
  row: ReservedPortFacts,
  mover: PortMover | undefined,
): readonly PortRange[] {
  const perNode = Math.max(0, ...spec.pools.map((pool) => pool.acceleratorsPerNode));
  const fixed = { from: row.from, to: row.to + Math.max(row.perAccelerator * perNode - 1, 0) };
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
