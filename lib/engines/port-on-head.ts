import type { EnginePort } from "../topology/engine-spec";

/** A single port that an engine opens on the head. */
export function portOnHead(name: string, port: number): EnginePort {
  return { name, from: port, to: port, where: "head" };
}
