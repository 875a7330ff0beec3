import rows from "./fabrics.json";
import type { Collective, FactRow, UlimitFact } from "./facts";
import { table } from "./table";

/** What a fabric needs of a container whose accelerators use one of `collectives`. */
export interface FabricNeed {
  readonly collectives: readonly Collective[];
  /** Device nodes or folders of device nodes. */
  readonly devices: readonly string[];
  readonly capabilities: readonly string[];
  readonly ulimits: readonly UlimitFact[];
  /** With these variables, collectives fail where the fabric is missing instead of falling back to another. */
  readonly environment: { readonly [name: string]: string };
}

export interface FabricInterfaces {
  /** One word for messages. */
  readonly name: string;
  readonly glob: string;
}

/** One kind of network between nodes. */
export interface FabricFacts extends FactRow {
  readonly id: string;
  readonly title: string;
  readonly rdma: boolean;
  /** Device nodes of the host, one for each interface. @default - the host has none */
  readonly interfaces?: FabricInterfaces;
  readonly needs: readonly FabricNeed[];
}

export const { all: allFabrics, find: findFabric } = table<FabricFacts>("fabric", rows);

/** What a fabric needs with this collective library; `undefined`: they do not work together. */
export function fabricNeed(id: string, collective: Collective | undefined): FabricNeed | undefined {
  return findFabric(id)?.needs.find(({ collectives }) => collectives.some((one) => one === collective));
}
