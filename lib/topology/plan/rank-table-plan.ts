import { createHash } from "node:crypto";
import type { NodePlan, PortPlan, RankTablePlan } from "./plan";
import { type RankTableInput, rankTableInputProblems, rankTableText } from "../ascend/rank-table";
import { RankTableKind } from "../declaration/rank-table-kind";
import type { ClusterSpec } from "./spec";

/** Names the rank table's file on every node; dlinfer and LMDeploy before 0.15 read it. */
export const RANK_TABLE_VARIABLE = "ASCEND_RANK_TABLE_FILE_PATH";
/** Private to each container, so that no two nodes write one file. */
const PATH = "/etc/ray-cluster/rank-table.json";
/** Where HCCL listens on every device; `lib/catalog/reserved-ports.json` says from where. */
const DEVICE_PORT = "hccl-npu";

/** The kind that is asked for, else what the engine's version reads; a file of the user's own needs none of ours. */
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

/** What a table of version 1.0 is made of at synth; `undefined`: the nodes gather their devices at boot. */
export function plannedRankTable(
  spec: ClusterSpec,
  nodes: readonly NodePlan[],
  ports: readonly PortPlan[],
): RankTableInput | undefined {
  const having = nodes.filter((node) => node.acceleratorCount > 0);
  const known = having.length > 0 && having.every(({ deviceIps, address }) => deviceIps && address);
  if (rankTableKind(spec) !== RankTableKind.SERVERS || !known) {
    return undefined;
  }
  return {
    version: "1.0",
    devicePort: devicePort(ports),
    servers: having.map(({ address = "", deviceIps = [], acceleratorCount }) => ({
      id: address,
      ...(spec.pools[0]?.accelerator?.board === "a3" ? { hostIp: address } : {}),
      devices: deviceIps.slice(0, acceleratorCount).map((ip, id) => ({ id, ip })),
    })),
  };
}

/** The table of a checked plan; `undefined`: no rank table. */
export function planRankTable(
  spec: ClusterSpec,
  nodes: readonly NodePlan[],
  ports: readonly PortPlan[],
): RankTablePlan | undefined {
  const kind = rankTableKind(spec);
  if (kind === RankTableKind.NONE) {
    return undefined;
  }
  const input = plannedRankTable(spec, nodes, ports);
  const text = input && rankTableInputProblems(input).length === 0 ? rankTableText(input) : undefined;
  return {
    path: PATH,
    version: kind,
    devicePort: devicePort(ports),
    ...(text === undefined ? {} : { text, checksum: createHash("sha256").update(text).digest("hex") }),
  };
}

/** The variable that names the file, on every node. */
export function rankTableEnvironment(spec: ClusterSpec): { readonly [name: string]: string } {
  return rankTableKind(spec) === RankTableKind.NONE ? {} : { [RANK_TABLE_VARIABLE]: PATH };
}

function devicePort(ports: readonly PortPlan[]): number {
  const port = ports.find(({ name }) => name === DEVICE_PORT);
  // HCCL_NPU_SOCKET_PORT_RANGE=auto leaves it to HCCL, which then ignores the table's.
  return port?.from ?? 16666;
}
