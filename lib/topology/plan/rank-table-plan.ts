import { reservedPort } from "../../catalog/ports";
import { RANK_TABLE_VARIABLE, RankTableKind } from "../declaration/rank-table-kind";
import type { PortPlan, RankTablePlan } from "./plan";
import type { ClusterSpec } from "./spec";

/** Private to each container, so that no two nodes write one file. */
const PATH = "/etc/ray-cluster/rank-table.json";
/** Where HCCL listens on every device: name in `lib/catalog/reserved-ports.json`. */
const DEVICE_PORT = "hccl-npu";

/** The declared kind, else what the engine's version reads; none where the user brings a file. */
export function rankTableKind(spec: ClusterSpec): RankTableKind {
  if (spec.rankTable !== undefined) {
    return spec.rankTable;
  }
  const nodes = spec.pools.reduce((sum, pool) => sum + (pool.accelerator ? pool.nodes : 0), 0);
  const ownFile = RANK_TABLE_VARIABLE in spec.environment;
  return spec.collective === "hccl" && spec.engine.readsRankTable === true && nodes > 1 && !ownFile
    ? RankTableKind.SERVERS
    : RankTableKind.NONE;
}

/** What the head needs to make the table; `undefined`: no rank table. */
export function planRankTable(spec: ClusterSpec, ports: readonly PortPlan[]): RankTablePlan | undefined {
  const kind = rankTableKind(spec);
  // HCCL_NPU_SOCKET_PORT_RANGE=auto leaves the port to HCCL, which then ignores the table's.
  const port = ports.find(({ name }) => name === DEVICE_PORT) ?? reservedPort(DEVICE_PORT);
  return kind === RankTableKind.NONE ? undefined : { path: PATH, version: kind, devicePort: port.from };
}

/** The variable that names the file, on every node. */
export function rankTableEnvironment(spec: ClusterSpec): { readonly [name: string]: string } {
  return rankTableKind(spec) === RankTableKind.NONE ? {} : { [RANK_TABLE_VARIABLE]: PATH };
}
