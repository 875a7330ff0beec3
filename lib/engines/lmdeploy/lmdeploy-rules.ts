import { findAccelerator } from "../../catalog/accelerators";
import { engineMilestone } from "../../catalog/engines";
import { errorRule, type Topic, warningRule } from "../../problems/rule";
import type { EngineContext } from "../../topology/engine-spec";
import { isBefore } from "../releases/engine-version";

/** How LMDeploy runs. */
export interface LmdeployMode {
  /** Without captured graphs. */
  readonly eager: boolean;
  /** Version of LMDeploy; `undefined`: not known. */
  readonly version?: string;
}

/** Captured graphs only: InternLM/lmdeploy `docs/en/get_started/ascend/get_started.md`. */
const GRAPH_ONLY = "300i-duo";
/** No captured graphs: the same page. */
const EAGER_ONLY = "a3";

const MILESTONE = "lmdeploy-without-rank-table";
const VARIABLE = "environment.ASCEND_RANK_TABLE_FILE_PATH";

export const LMDEPLOY_TOPIC: Topic<LmdeployMode, EngineContext> = {
  title: "LMDeploy",
  rules: [
    errorRule("RC620", {
      title: "LMDeploy runs with captured graphs on Ascend 310P",
      why: "It has no eager mode for this board.",
      check: ({ eager }, context) =>
        runsGraphsOnly(context) && eager
          ? [{ ...eagerMode(eager), must: "be false on Ascend 310P, which runs captured graphs only" }]
          : [],
    }),
    errorRule("RC621", {
      title: "LMDeploy runs in eager mode on Ascend A3",
      why: "It captures no graphs on this board.",
      check: ({ eager }, context) =>
        boardOf(context) === EAGER_ONLY && !eager
          ? [{ ...eagerMode(eager), must: "be true on Ascend A3, which runs no captured graphs" }]
          : [],
    }),
    errorRule("RC622", {
      title: "An old LMDeploy on several Ascend nodes has a rank table",
      why: "Its Ray executor refuses to start without one.",
      check: ({ version }, context) =>
        isBefore(MILESTONE, version) &&
        isAscend(context) &&
        context.acceleratorNodes > 1 &&
        !mayHaveTable(context)
          ? [
              {
                path: VARIABLE,
                got: "nothing",
                must: `name a rank table with LMDeploy older than ${first()} (this is ${version})`,
                fix: `leave rankTable out to have one made, or use LMDeploy ${first()} or later, which needs none`,
                links: engineMilestone(MILESTONE).links,
              },
            ]
          : [],
    }),
    warningRule("RC623", {
      title: "A newer LMDeploy has no rank table",
      why: "It does not read one.",
      check: ({ version }, context) =>
        version !== undefined &&
        !isBefore(MILESTONE, version) &&
        isAscend(context) &&
        context.rankTable === true
          ? [
              {
                path: VARIABLE,
                got: "a rank table",
                consequence: `has no effect on LMDeploy ${first()} and later`,
                fix: "remove it. Only dlinfer's graph mode still reads it, and then uses HCCL instead of LCCL",
                links: engineMilestone(MILESTONE).links,
              },
            ]
          : [],
    }),
  ],
};

/** Whether the board runs captured graphs only. */
export function runsGraphsOnly(context: EngineContext): boolean {
  return boardOf(context) === GRAPH_ONLY;
}

function boardOf({ acceleratorId = "" }: EngineContext): string | undefined {
  return findAccelerator(acceleratorId)?.board;
}

/** Whether this version refuses Ascend nodes without a rank table. */
export function readsRankTable({ version }: LmdeployMode, context: EngineContext): boolean {
  return isAscend(context) && isBefore(MILESTONE, version);
}

function eagerMode(eager: boolean) {
  return { path: "engine.eagerMode", got: String(eager), fix: "leave it out" };
}

function isAscend({ rayResource }: EngineContext): boolean {
  return rayResource === "NPU";
}

/** Where it is left out, the plan makes one if it is needed. */
function mayHaveTable({ rankTable }: EngineContext): boolean {
  return rankTable !== false;
}

function first(): string {
  return engineMilestone(MILESTONE).version;
}
