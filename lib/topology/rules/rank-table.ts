import { findAccelerator } from "../../catalog/accelerators";
import { preflightChecks } from "../../catalog/preflight-checks";
import { rankTableInputProblems } from "../ascend/rank-table";
import { RankTableKind } from "../declaration/rank-table-kind";
import { RANK_TABLE_VARIABLE, plannedRankTable, rankTableKind } from "../plan/rank-table-plan";
import { serverOrderProblems } from "../ascend/rank-table-rules";
import type { NodePlan } from "../plan/plan";
import type { ClusterSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { didYouMean, show } from "../../problems/text";

export const rankTableRules: readonly Rule[] = [
  {
    id: "RC150",
    level: "error",
    title: "A rank table is for Ascend",
    why: "Only HCCL and the engines on it read one.",
    check: (spec) =>
      isAsked(spec) && spec.collective !== "hccl"
        ? [
            {
              path: "rankTable",
              got: show(spec.rankTable),
              allowed: "must be left out where no pool has Ascend NPUs",
              fix: "remove it",
            },
          ]
        : [],
  },
  {
    id: "RC151",
    level: "error",
    title: "A rank table holds to HCCL's rules",
    why: "HCCL refuses the file (EI0004, EI0014), or the ranks hang where two entries contradict each other.",
    check: checkTable,
  },
  {
    id: "RC152",
    level: "error",
    title: "Device addresses are given for all nodes or for none",
    why: "A table needs all of them; with none given the nodes gather them at boot.",
    check: (spec, { nodes }) => {
      const having = withNpus(nodes);
      const without = having.filter(({ deviceIps }) => deviceIps === undefined);
      return rankTableKind(spec) === RankTableKind.NONE || without.length % having.length === 0
        ? []
        : [
            {
              path: "rankTable",
              got: `no deviceIps of ${without.map(({ name }) => name).join(", ")}`,
              allowed: "must be made of addresses that all nodes state, or that all nodes gather",
              fix: "add deviceIps to these machines, or remove them from the others",
            },
          ];
    },
  },
  {
    id: "RC153",
    level: "error",
    title: "Super pods are those of A3",
    why: "No other board has an SDID, which version 1.2 of the table needs.",
    check: (spec) =>
      spec.rankTable === RankTableKind.SUPER_PODS && spec.collective === "hccl" && boardOf(spec) !== "a3"
        ? [
            {
              path: "rankTable",
              got: show(spec.rankTable),
              allowed: "must be version 1.0 where the nodes are no A3",
              fix: "use RankTableKind.SERVERS",
            },
          ]
        : [],
  },
  {
    id: "RC154",
    level: "error",
    title: "A rank table's addresses can be found",
    why: "An emulated NPU has no network of its own that could be asked.",
    check: (spec, { nodes }) =>
      rankTableKind(spec) === RankTableKind.SERVERS &&
      spec.collective === "hccl" &&
      boardOf(spec) === undefined &&
      withNpus(nodes).every(({ deviceIps }) => deviceIps === undefined)
        ? [
            {
              path: "rankTable",
              got: show(rankTableKind(spec)),
              allowed: "needs addresses, which emulated NPUs do not have",
              fix: "state deviceIps of the machines, or use RankTableKind.NONE",
            },
          ]
        : [],
  },
  {
    id: "RC155",
    level: "error",
    title: "A rank table is named in one place",
    why: "Which of two files holds would be chance.",
    check: (spec) =>
      isAsked(spec) && RANK_TABLE_VARIABLE in spec.environment
        ? [
            {
              path: `environment.${RANK_TABLE_VARIABLE}`,
              got: show(spec.environment[RANK_TABLE_VARIABLE]),
              allowed: "must not be set besides rankTable",
              fix: "remove one of the two",
            },
          ]
        : [],
  },
  {
    id: "RC156",
    level: "error",
    title: "A tolerated check is one that exists",
    why: "A mistyped name would tolerate nothing, in silence.",
    check: ({ toleratedChecks }) => {
      const known = preflightChecks().filter(({ tolerable }) => tolerable);
      const names = known.map(({ name }) => name);
      return toleratedChecks.flatMap((name, index) =>
        names.includes(name)
          ? []
          : [
              {
                path: `toleratedChecks[${index}]`,
                got: show(name),
                allowed: `must be one of ${names.map((known) => `'${known}'`).join(", ")}`,
                fix: didYouMean(name, names, "remove it"),
              },
            ],
      );
    },
  },
];

function isAsked({ rankTable }: ClusterSpec): boolean {
  return rankTable !== undefined && rankTable !== RankTableKind.NONE;
}

function withNpus(nodes: readonly NodePlan[]): readonly NodePlan[] {
  return nodes.filter(({ acceleratorCount }) => acceleratorCount > 0);
}

function boardOf({ pools }: ClusterSpec): string | undefined {
  const pool = pools.find(({ accelerator, acceleratorsPerNode }) => accelerator && acceleratorsPerNode > 0);
  return pool?.acceleratorId === undefined ? undefined : findAccelerator(pool.acceleratorId)?.board;
}

/** What is given is checked in full; of a table that is gathered at boot only the servers' order is known. */
function checkTable(spec: ClusterSpec, { nodes, ports }: Parameters<Rule["check"]>[1]): readonly Finding[] {
  if (rankTableKind(spec) === RankTableKind.NONE || spec.collective !== "hccl") {
    return [];
  }
  const having = withNpus(nodes);
  const input = plannedRankTable(spec, nodes, ports);
  const addresses = having.flatMap(({ address }) => address ?? []);
  const problems = input
    ? rankTableInputProblems(input)
    : addresses.length === having.length
      ? serverOrderProblems(addresses)
      : [];
  return problems.map(({ path, ...problem }) => ({ path: `rankTable.${path}`, ...problem }));
}
