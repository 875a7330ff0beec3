import { checkWhole, type Given, isWhole } from "../../../problems/checks";
import {
  type ErrorFinding,
  errorRule,
  type Found,
  type Rule,
  type WarningFinding,
  warningRule,
} from "../../../problems/rule";
import { paddedVocabulary } from "../../model/stage-memory";
import { ranksOf, showParallelism } from "../../model/parallelism";
import { fittingCut, fittingTensorSizes } from "./fitting-cuts";
import * as structure from "./model-structure";
import type { ModelPlan } from "./model-structure";

/** Rules of the split: whether an engine would start at all. */
export const cutRules: readonly Rule<ModelPlan>[] = [
  errorRule("RC100", {
    title: "Sizes and counts are whole numbers of at least 1",
    why: "A model is split into whole ranks and serves whole sequences.",
    check: (plan) => sizesOf(plan).flatMap((size) => checkWhole(size, 1, "use 1 or more")),
  }),
  errorRule("RC101", {
    title: "There are as many ranks as accelerators",
    why: "The engine places one rank on each accelerator: with fewer ranks it refuses to start, with more it waits forever.",
    check: checkRanks,
  }),
  errorRule("RC102", {
    title: "Tensor parallelism divides the attention heads",
    why: "A rank holds whole heads.",
    check: (plan) =>
      structure.headsDivide(plan.model, plan.parallelism.tensor)
        ? []
        : tensorFinding(plan, `divide ${structure.headCounts(plan.model).join(" and ")} attention heads`),
  }),
  errorRule("RC103", {
    title: "Tensor parallelism divides the KV heads, or is a multiple of them",
    why: "KV heads are distributed evenly; where there are more ranks than heads, each head has the same number of copies.",
    check: (plan) =>
      !structure.headsDivide(plan.model, plan.parallelism.tensor) ||
      structure.kvHeadsDivide(plan.model, plan.parallelism.tensor)
        ? []
        : tensorFinding(
            plan,
            `divide ${structure.kvHeadCounts(plan.model).join(" and ")} KV heads or be a multiple of them`,
          ),
  }),
  errorRule("RC104", {
    title: "Tensor parallelism divides the padded vocabulary",
    why: "Embedding and output head are split by entries of the vocabulary, padded to a multiple of 64.",
    check: (plan) =>
      !headsSuit(plan) || structure.vocabularyDivides(plan.model, plan.parallelism.tensor)
        ? []
        : tensorFinding(
            plan,
            `divide the padded vocabulary of ${paddedVocabulary(plan.model.shape.vocabularySize)} entries`,
          ),
  }),
  errorRule("RC105", {
    title: "Feed-forward and expert widths can be split evenly",
    why: "All ranks hold parts of the same width.",
    check: (plan) =>
      checkWidths(plan, ({ what, width, parts, block }) =>
        block === undefined
          ? { got: `${width} over ${parts} ranks`, must: `divide the ${what} width evenly` }
          : undefined,
      ),
  }),
  errorRule("RC106", {
    title: "Each pipeline stage has a layer",
    why: "A stage without layers cannot be built.",
    check: ({ model, parallelism }) =>
      parallelism.layerPartition || structure.stagesHaveLayers(model, parallelism)
        ? []
        : {
            path: "engine.pipelineParallelSize",
            got: String(parallelism.pipeline),
            must: `be at most ${model.shape.layers}, the number of layers`,
            fix: "use fewer nodes, or data parallelism for the others",
          },
  }),
  errorRule("RC114", {
    title: "Matrices are split at the blocks and groups of their quantization",
    why: "The engine refuses to load a part that holds a fraction of what shares a scale.",
    check: (plan) =>
      checkWidths(plan, ({ what, width, parts, block }) =>
        block === undefined
          ? undefined
          : {
              got: `parts of ${width / parts} (${width} over ${parts} ranks)`,
              must: `split the ${what} width into multiples of ${block}, which share a scale`,
            },
      ),
  }),
  warningRule("RC124", {
    title: "Experts are split at the blocks and groups of their quantization",
    why: "Engines read finer blocks, or fill parts up, with kernels that not every release and accelerator has; others fail at the first request (vllm-project/vllm#17604).",
    check: checkTolerated,
  }),
  errorRule("RC115", {
    title: "A given layer partition covers all layers",
    why: "A layer without a stage would be left out.",
    check: ({ model, parallelism }) =>
      !parallelism.layerPartition || structure.stagesHaveLayers(model, parallelism)
        ? []
        : {
            path: "engine.layerPartition",
            got: parallelism.layerPartition.join(", "),
            must: `be ${parallelism.pipeline} numbers of at least 1 that add up to ${model.shape.layers} layers`,
            fix: "leave it out for an even split",
          },
  }),
];

/** An engine that reads whole blocks only: what it can load, every release can. */
const STRICTEST: structure.EngineRelease = { name: "strictest" };

/** Whether all sizes are counts, without which no other rule means anything. */
export function sizesAreCounts(plan: ModelPlan): boolean {
  return sizesOf(plan).every(({ value }) => isWhole(value, 1));
}

function sizesOf(plan: ModelPlan): readonly Given<number>[] {
  return [
    { path: "nodes", value: plan.nodes },
    { path: "acceleratorsPerNode", value: plan.acceleratorsPerNode },
    { path: "engine.tensorParallelSize", value: plan.parallelism.tensor },
    { path: "engine.pipelineParallelSize", value: plan.parallelism.pipeline },
    { path: "engine.dataParallelSize", value: plan.parallelism.data },
    { path: "engine.contextTokens", value: plan.contextTokens },
    { path: "engine.concurrentSequences", value: plan.concurrentSequences },
  ];
}

function tensorFinding(plan: ModelPlan, must: string): ErrorFinding {
  return {
    path: "engine.tensorParallelSize",
    got: String(plan.parallelism.tensor),
    must,
    fix: tensorAdvice(plan),
  };
}

/** One size has one problem: what else is wrong with it, the sizes that are proposed take into account. */
function headsSuit({ model, parallelism }: ModelPlan): boolean {
  return (
    structure.headsDivide(model, parallelism.tensor) && structure.kvHeadsDivide(model, parallelism.tensor)
  );
}

/** The sizes that work: that of a node, the next smaller and the next larger one. */
function tensorAdvice(plan: ModelPlan): string {
  const sizes = fittingTensorSizes(plan);
  const wanted = plan.parallelism.tensor;
  const near = [
    sizes.find((size) => size === plan.acceleratorsPerNode),
    sizes.filter((size) => size < wanted).at(-1),
    sizes.find((size) => size > wanted),
  ].filter((size) => size !== undefined);
  const sorted = [...new Set(near)].sort((a, b) => a - b);
  return sorted.length > 0 ? `use ${sorted.join(" or ")}` : "use another number of accelerators";
}

function checkRanks(plan: ModelPlan): Found<ErrorFinding> {
  const { parallelism, nodes, acceleratorsPerNode } = plan;
  const devices = nodes * acceleratorsPerNode;
  const ranks = ranksOf(parallelism);
  if (ranks === devices) {
    return [];
  }
  const cut = fittingCut(plan);
  const advice = [
    ...(ranks % acceleratorsPerNode === 0 && structure.canBeCut(plan.model, parallelism, plan.engine)
      ? [`use ${ranks / acceleratorsPerNode} nodes for ${showParallelism(parallelism)}`]
      : []),
    ...(cut ? [`set ${showParallelism(cut)}`] : []),
  ];
  return {
    path: "engine.tensorParallelSize",
    got: `${showParallelism(parallelism)} = ${ranks} ranks`,
    must: `give ${devices} ranks for ${nodes} x ${acceleratorsPerNode} accelerators`,
    fix: advice.join(", or ") || "change the number of nodes",
  };
}

function checkTolerated(plan: ModelPlan): Found<WarningFinding> {
  const obstacles = structure.widthObstacles(plan.model, plan.parallelism, plan.engine);
  const tolerated = obstacles.find((obstacle) => obstacle.tolerated);
  if (tolerated === undefined || obstacles.some((obstacle) => !obstacle.tolerated)) {
    return [];
  }
  const { what, width, parts, block } = tolerated;
  return {
    path: "engine.tensorParallelSize",
    got: `parts of ${width / parts} (${what} width of ${width} over ${parts} ranks)`,
    consequence: `hold a fraction of the ${block} that share a scale, which only some kernels of the engine can read`,
    fix: `${tensorAdvice({ ...plan, engine: STRICTEST })}, or expert parallelism`,
  };
}

function checkWidths(
  plan: ModelPlan,
  sentence: (obstacle: structure.WidthObstacle) => Pick<ErrorFinding, "got" | "must"> | undefined,
): Found<ErrorFinding> {
  const obstacles = structure.refusedWidths(plan.model, plan.parallelism, plan.engine);
  const reported = !headsSuit(plan) || !structure.vocabularyDivides(plan.model, plan.parallelism.tensor);
  const found = reported || obstacles.length === 0 ? undefined : sentence(obstacles[0]);
  if (found === undefined) {
    return [];
  }
  const advice = tensorAdvice(plan);
  return {
    path: "engine.tensorParallelSize",
    ...found,
    fix: obstacles.every(({ expert }) => expert) ? `${advice}, or expert parallelism` : advice,
  };
}
