import rows from "./fabrics.json";
import type { Collective, FactRow, UlimitFact } from "./facts";

/** What a fabric needs of a container whose accelerators speak one of `collectives`. */
export interface FabricNeed {
  readonly collectives: readonly Collective[];
  /** Device nodes or folders of device nodes. */
  readonly devices: readonly string[];
  readonly capabilities: readonly string[];
  readonly ulimits: readonly UlimitFact[];
  /** Pins: with these the collective library fails where the fabric is missing, instead of taking another. */
  readonly environment: { readonly [name: string]: string };
}

/** One kind of network between nodes. */
export interface FabricFacts extends FactRow {
  readonly id: string;
  readonly title: string;
  readonly rdma: boolean;
  /** Device nodes of the host, one for each interface. @default - their number says nothing */
  readonly interfaceGlob?: string;
  readonly needs: readonly FabricNeed[];
  readonly note: string;
}

const fabrics: ReadonlyMap<string, FabricFacts> = new Map(
  (rows as unknown as readonly FabricFacts[]).map((row) => [row.id, row]),
);

/** All fabrics, in the order of the catalogue. */
export function allFabrics(): readonly FabricFacts[] {
  return [...fabrics.values()];
}

/** Facts of a fabric; `undefined` for an unknown id. */
export function findFabric(id: string): FabricFacts | undefined {
  return fabrics.get(id);
}

/** What the fabric needs with this collective library; `undefined`: the two do not go together. */
export function fabricNeed(fabric: FabricFacts, collective: Collective): FabricNeed | undefined {
  return fabric.needs.find((need) => need.collectives.includes(collective));
}
