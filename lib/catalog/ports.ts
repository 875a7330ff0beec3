import ephemeralRows from "./ephemeral-ports.json";
import type { Collective, FactRow } from "./facts";
import rayRows from "./ray-ports.json";
import reservedRows from "./reserved-ports.json";
import { table } from "./table";

/** A port (or range) of Ray or of the node program, pinned by this project. */
export interface RayPortFacts extends FactRow {
  /** Stable key, e.g. `node-manager`. */
  readonly name: string;
  /** Flag of `ray start`; `null`: not Ray's, or a variable. */
  readonly flag: string | null;
  /** Variable that Ray reads instead of a flag; `null`: none. */
  readonly variable: string | null;
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** Ray's default: a port, a range or `random`; `null`: not Ray's. */
  readonly rayDefault: string | null;
  readonly where: "head" | "node";
  readonly purpose: string;
  /** Addresses that it listens on, measured with the Ray of the emulation image. */
  readonly listensOn: ListensOn;
  /** The same with older releases, measured with the oldest one. */
  readonly listensOnBefore: ListensOn;
  /** Whether it speaks TLS where the nodes do: measured at every socket of `ray[default]` 2.47.1 and 2.58.0. */
  readonly hasTls: boolean;
}

/** `all`: of every interface; `node`: the node's on the cluster network, and perhaps the loopback's. */
export type ListensOn = "all" | "node" | "loopback";

/** A variable that moves ports. `base`: it holds the first port; `ranges`: it holds `auto` or ranges. */
export interface PortMover {
  readonly variable: string;
  readonly holds: "base" | "ranges";
}

/** Ports that other software takes by itself. */
export interface ReservedPortFacts extends FactRow {
  readonly name: string;
  /** When the range is taken: with a collective library, when a word occurs in the engine's arguments, or with a Ray older than the emulation image's. */
  readonly when: {
    readonly collective?: Collective;
    readonly engineArgument?: string;
    readonly isOlderRay?: boolean;
  };
  readonly from: number;
  /** Inclusive; without the part that grows with the accelerators. */
  readonly to: number;
  /** Ports per accelerator of the node, from `from` on; 0: the range is fixed. */
  readonly perAccelerator: number;
  readonly where: "head" | "node";
  /** Variables that move the range; the first one that is set wins. */
  readonly movedBy: readonly PortMover[];
  /** Whether single ports of the range are picked when they are needed, and another where one is in use. */
  readonly isPicked: boolean;
  readonly purpose: string;
}

/** Ray's ports, in the order of the catalogue. */
export const { all: rayPorts, get: rayPort } = table<RayPortFacts>("Ray port", rayRows, "name");

/** Ports that other software takes. */
export const { all: reservedPorts, get: reservedPort } = table<ReservedPortFacts>(
  "reserved port",
  reservedRows,
  "name",
);

/** Ports that the kernel uses for outgoing connections: a listener may find its port taken. */
export function ephemeralPorts(): { readonly from: number; readonly to: number } & FactRow {
  return ephemeralRows[0];
}
