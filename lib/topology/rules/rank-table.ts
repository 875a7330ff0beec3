import { isIP } from "node:net";
import { findAccelerator } from "../../catalog/accelerators";
import { preflightChecks } from "../../catalog/preflight-checks";
import { unless } from "../../problems/checks";
import { errorRule } from "../../problems/rule";
import { didYouMean, oneOf, show } from "../../problems/text";
import { RANK_TABLE_VARIABLE, RankTableKind } from "../declaration/rank-table-kind";
import type { NodePlan } from "../plan/plan";
import { rankTableKind } from "../plan/rank-table-plan";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

export const rankTableRules: readonly ClusterRule[] = [
  errorRule("RC150", {
    title: "Only Ascend clusters have a rank table",
    why: "Nothing but HCCL and the engines on it reads one.",
    check: (spec) =>
      isAsked(spec) &&
      spec.collective !== "hccl" && {
        path: "rankTable",
        got: show(spec.rankTable),
        must: "be left out where no pool has Ascend NPUs",
        fix: "remove it",
      },
  }),
  errorRule("RC151", {
    title: "The nodes of a rank table are in the string order of their addresses",
    why: "MindSpore numbers the servers in the string order of their ids.",
    check: (spec, { nodes }) => {
      const addresses = nodesOfTable(spec, nodes).map(({ address = "" }) => address);
      // Not by locale: every reader of the table compares code units.
      const sorted = [...addresses].sort((a, b) => (a < b ? -1 : Number(a > b)));
      const index = addresses.findIndex((address, at) => address !== sorted[at]);
      return unless(index < 0 || addresses.includes(""), {
        path: "rankTable",
        got: show(addresses[index]),
        must: `list the nodes in the string order of their addresses, where '${sorted[index]}' comes first`,
        fix: "reorder the nodes, or give them addresses of equal length: as strings, '10.0.0.10' precedes '10.0.0.9'",
      });
    },
  }),
  errorRule("RC152", {
    title: "Device addresses are given for all nodes or for none",
    why: "A table needs all of them; where none is given, the nodes gather them at boot.",
    check: (spec, { nodes }) => {
      const having = nodesOfTable(spec, nodes);
      const without = having.filter(({ deviceIps }) => deviceIps === undefined);
      return unless(without.length % having.length === 0 || having.length === 0, {
        path: "rankTable",
        got: `no deviceIps of ${without.map(({ name }) => name).join(", ")}`,
        must: "have the device addresses of all nodes, or of none",
        fix: "add deviceIps to these machines, or remove them from the others",
      });
    },
  }),
  errorRule("RC153", {
    title: "Only A3 boards have super pods",
    why: "No other board has an SDID, which version 1.2 of the table needs.",
    check: (spec) =>
      spec.rankTable === RankTableKind.SUPER_PODS &&
      spec.collective === "hccl" &&
      boardOf(spec) !== "a3" && {
        path: "rankTable",
        got: show(spec.rankTable),
        must: "be version 1.0 unless the nodes are A3",
        fix: "use RankTableKind.SERVERS",
      },
  }),
  errorRule("RC154", {
    title: "The device addresses of a rank table can be found",
    why: "An emulated NPU has no network of its own.",
    check: (spec, { nodes }) =>
      rankTableKind(spec) === RankTableKind.SERVERS &&
      spec.collective === "hccl" &&
      boardOf(spec) === undefined &&
      nodesOfTable(spec, nodes).every(({ deviceIps }) => deviceIps === undefined) && {
        path: "rankTable",
        got: show(rankTableKind(spec)),
        must: "be left out for emulated NPUs, which have no device addresses",
        fix: "set deviceIps of the machines, or use RankTableKind.NONE",
      },
  }),
  errorRule("RC155", {
    title: "A rank table is named in one place",
    why: "It would be undefined which of two files is read.",
    check: (spec) =>
      isAsked(spec) &&
      RANK_TABLE_VARIABLE in spec.environment && {
        path: `environment.${RANK_TABLE_VARIABLE}`,
        got: show(spec.environment[RANK_TABLE_VARIABLE]),
        must: "be left out where rankTable is set",
        fix: "remove one of the two",
      },
  }),
  errorRule("RC156", {
    title: "A tolerated check exists",
    why: "A misspelt name would tolerate nothing.",
    check: ({ toleratedChecks }) => {
      const names = preflightChecks()
        .filter(({ tolerable }) => tolerable)
        .map(({ name }) => name);
      return toleratedChecks.map((name, index) =>
        unless(names.includes(name), {
          path: `toleratedChecks[${index}]`,
          got: show(name),
          must: `be ${oneOf(names)}`,
          fix: didYouMean(name, names, "remove it"),
        }),
      );
    },
  }),
  errorRule("RC157", {
    title: "All device addresses are IPv4, or all are IPv6",
    why: "A device with an IPv4 address cannot reach one that has an IPv6 address.",
    check: (spec, { nodes }) => {
      const given = nodesOfTable(spec, nodes).flatMap(({ name, deviceIps = [] }) =>
        deviceIps.map((ip) => ({ name, ip, family: isIP(ip) })),
      );
      const other = given.find(({ family }) => family > 0 && family !== given[0]?.family);
      return (
        other !== undefined &&
        given[0].family !== 0 && {
          path: "rankTable",
          got: `'${other.ip}' of ${other.name} beside '${given[0].ip}' of ${given[0].name}`,
          must: "have device addresses of one family",
          fix: "correct deviceIps of the machines",
        }
      );
    },
  }),
];

function isAsked({ rankTable }: ClusterSpec): boolean {
  return rankTable !== undefined && rankTable !== RankTableKind.NONE;
}

/** Nodes that are entries of a rank table; empty where there is none. Addresses are checked by their place. */
function nodesOfTable(spec: ClusterSpec, nodes: readonly NodePlan[]): readonly NodePlan[] {
  return rankTableKind(spec) === RankTableKind.NONE || spec.collective !== "hccl"
    ? []
    : nodes.filter(({ acceleratorCount }) => acceleratorCount > 0);
}

function boardOf({ pools }: ClusterSpec): string | undefined {
  const pool = pools.find(({ accelerator, acceleratorsPerNode }) => accelerator && acceleratorsPerNode > 0);
  return pool?.acceleratorId === undefined ? undefined : findAccelerator(pool.acceleratorId)?.board;
}
