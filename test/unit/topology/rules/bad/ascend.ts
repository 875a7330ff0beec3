import { RankTableKind } from "../../../../../lib/topology/declaration/rank-table-kind";
import type { BadInput } from "./bad-input";

const ips = (server: number): readonly string[] =>
  Array.from({ length: 8 }, (_, device) => `192.168.${100 + server}.${101 + device}`);
const servers = { rankTable: RankTableKind.SERVERS };

/** Mistakes in rank tables and in what is asked of the NPUs' preflight. */
export const BAD_ASCEND: readonly BadInput[] = [
  {
    machines: true,
    props: servers,
    rule: "RC150",
    path: "rankTable",
    got: "'1.0'",
  },
  {
    props: servers,
    place: { addresses: { npu: ["10.89.28.9", "10.89.28.10"] }, deviceIps: { npu: [ips(0), ips(1)] } },
    rule: "RC151",
    path: "rankTable",
    got: "'10.89.28.9'",
  },
  {
    props: servers,
    place: { deviceIps: { npu: [ips(0), []] } },
    rule: "RC152",
    path: "rankTable",
    got: "no deviceIps of npu-1",
  },
  {
    props: { rankTable: RankTableKind.SUPER_PODS },
    rule: "RC153",
    path: "rankTable",
    got: "'1.2'",
  },
  {
    props: servers,
    rule: "RC154",
    path: "rankTable",
    got: "'1.0'",
  },
  {
    props: { ...servers, environment: { ASCEND_RANK_TABLE_FILE_PATH: "/models/table.json" } },
    place: { deviceIps: { npu: [ips(0), ips(1)] } },
    rule: "RC155",
    path: "environment.ASCEND_RANK_TABLE_FILE_PATH",
    got: "'/models/table.json'",
  },
  {
    props: { toleratedChecks: ["links"] },
    rule: "RC156",
    path: `toleratedChecks[0]`,
    got: `'links'`,
  },
  {
    props: servers,
    place: { deviceIps: { npu: [ips(0), [...ips(1).slice(0, 7), "fd00::8"]] } },
    rule: "RC157",
    path: "rankTable",
    got: "'fd00::8' of npu-1 beside '192.168.100.101' of npu-0",
  },
];
