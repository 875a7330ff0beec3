import { RankTableKind } from "../../../../lib/topology/declaration/rank-table-kind";
import type { BadInput } from "./bad-inputs";

const ips = (server: number): readonly string[] =>
  Array.from({ length: 8 }, (_, device) => `192.168.${100 + server}.${101 + device}`);
const servers = { rankTable: RankTableKind.SERVERS };
const TOLERABLE =
  "'neighbour', 'link', 'health', 'netdetect', 'gateway', 'hccn.conf', 'ping', 'tls', 'super pod equality'";

/** Mistakes in rank tables and in what is asked of the NPUs' preflight. */
export const BAD_ASCEND_INPUTS: readonly BadInput[] = [
  {
    machines: true,
    props: servers,
    line: "rankTable [RC150]: must be left out where no pool has Ascend NPUs, got '1.0'; remove it",
  },
  {
    props: servers,
    place: { deviceIps: { npu: [ips(0), [...ips(1).slice(0, 7), "192.168.100.101"]] } },
    line: "rankTable.server_list[1].device[7].device_ip [RC151]: must be unique, server_list[0].device[0].device_ip has it too, got '192.168.100.101'; correct one of the two",
  },
  {
    props: servers,
    place: { deviceIps: { npu: [ips(0), [...ips(1).slice(0, 7), "192.168.1"]] } },
    line: "rankTable.servers[1].devices[7].ip [RC151]: must be an IPv4 or IPv6 address, got '192.168.1'; take it from hccn_tool -ip -g",
  },
  {
    props: servers,
    place: { addresses: { npu: ["10.89.28.9", "10.89.28.10"] }, deviceIps: { npu: [ips(0), ips(1)] } },
    line: "rankTable.server_list[0].server_id [RC151]: must come in the order of the ids as strings, where '10.89.28.10' comes here, got '10.89.28.9'; order the nodes so, or give them addresses of equal length: as strings '10.0.0.10' comes before '10.0.0.9'",
  },
  {
    props: servers,
    place: { deviceIps: { npu: [ips(0), undefined] } },
    line: "rankTable [RC152]: must be made of addresses that all nodes state, or that all nodes gather, got no deviceIps of npu-1; add deviceIps to these machines, or remove them from the others",
  },
  {
    props: { rankTable: RankTableKind.SUPER_PODS },
    line: "rankTable [RC153]: must be version 1.0 where the nodes are no A3, got '1.2'; use RankTableKind.SERVERS",
  },
  {
    props: servers,
    line: "rankTable [RC154]: needs addresses, which emulated NPUs do not have, got '1.0'; state deviceIps of the machines, or use RankTableKind.NONE",
  },
  {
    props: { ...servers, environment: { ASCEND_RANK_TABLE_FILE_PATH: "/models/table.json" } },
    place: { deviceIps: { npu: [ips(0), ips(1)] } },
    line: "environment.ASCEND_RANK_TABLE_FILE_PATH [RC155]: must not be set besides rankTable, got '/models/table.json'; remove one of the two",
  },
  {
    props: { toleratedChecks: ["links"] },
    line: `toleratedChecks[0] [RC156]: must be one of ${TOLERABLE}, got 'links'; did you mean 'link'?`,
  },
];
