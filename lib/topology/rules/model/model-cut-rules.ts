import { paddedVocabulary } from "../../model/memory-fit";
import { ranksOf, showParallelism } from "../../model/parallelism";
import type { Problem } from "../../../problems/problem";
import { fittingCut, fittingTensorSizes } from "./model-remedies";
import * as structure from "./model-structure";
import type { ModelPlan } from "./model-structure";
import type { Finding } from "../rule";

/** One thing that must hold for a model on a cluster. Pure. */
export interface ModelRule {
  /** Stable; never given to another rule. */
  readonly id: string;
  readonly level: Problem["level"];
  readonly title: string;
  readonly why: string;
  check(plan: ModelPlan): readonly Finding[];
}

/** Rules of the cut: whether an engine would start at all. */
export const cutRules: readonly ModelRule[] = [
  {
    id: "RC100",
    level: "error",
    title: "Sizes and counts are whole numbers of at least 1",
    why: "A model is cut into whole ranks and serves whole sequences.",
    check: (plan) =>
      sizesOf(plan).flatMap(([path, value]) =>
        isCount(value)
          ? []
          : [
              {
                path,
                got: String(value),
                allowed: "must be a whole number of at least 1",
                fix: "state how many",
              },
            ],
      ),
  },
  {
    id: "RC101",
    level: "error",
    title: "Ranks and accelerators are the same number",
    why: "The engine places one rank on each accelerator: with fewer ranks it refuses to start, with more it waits for ever.",
    check: checkRanks,
  },
  {
    id: "RC102",
    level: "error",
    title: "Tensor parallelism divides the attention heads",
    why: "Heads go whole to the ranks.",
    check: (plan) =>
      structure.headsDivide(plan.model, plan.parallelism.tensor)
        ? []
        : [tensorFinding(plan, `must divide ${plan.model.shape.attentionHeads} attention heads`)],
  },
  {
    id: "RC103",
    level: "error",
    title: "Tensor parallelism divides the KV heads, or is a multiple of them",
    why: "KV heads are dealt out evenly; more ranks than heads hold equally many copies.",
    check: (plan) =>
      !structure.headsDivide(plan.model, plan.parallelism.tensor) ||
      structure.kvHeadsDivide(plan.model, plan.parallelism.tensor)
        ? []
        : [tensorFinding(plan, `must divide ${plan.model.shape.kvHeads} KV heads or be a multiple of them`)],
  },
  {
    id: "RC104",
    level: "error",
    title: "Tensor parallelism divides the padded vocabulary",
    why: "Embedding and head are cut by entries of the vocabulary, padded to a multiple of 64.",
    check: (plan) =>
      !headsSuit(plan) || structure.vocabularyDivides(plan.model, plan.parallelism.tensor)
        ? []
        : [
            tensorFinding(
              plan,
              `must divide a vocabulary of ${paddedVocabulary(plan.model.shape.vocabularySize)} entries`,
            ),
          ],
  },
  {
    id: "RC105",
    level: "error",
    title: "Feed-forwards and experts can be cut, at the blocks of their quantization",
    why: "A rank's part must hold whole quantization blocks: the engine refuses to load the others.",
    check: checkWidths,
  },
  {
    id: "RC106",
    level: "error",
    title: "Each pipeline stage has a layer",
    why: "A stage without layers cannot be built, and a layer without a stage would be left out.",
    check: checkStages,
  },
];

/** Whether all sizes are counts, without which no other rule means anything. */
export function sizesAreCounts(plan: ModelPlan): boolean {
  return sizesOf(plan).every(([, value]) => isCount(value));
}

function sizesOf(plan: ModelPlan): readonly (readonly [string, number])[] {
  return [
    ["nodes", plan.nodes],
    ["acceleratorsPerNode", plan.acceleratorsPerNode],
    ["engine.tensorParallelSize", plan.parallelism.tensor],
    ["engine.pipelineParallelSize", plan.parallelism.pipeline],
    ["engine.dataParallelSize", plan.parallelism.data],
    ["engine.contextTokens", plan.contextTokens],
    ["engine.concurrentSequences", plan.concurrentSequences],
  ];
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 1;
}

function tensorFinding(plan: ModelPlan, allowed: string): Finding {
  return {
    path: "engine.tensorParallelSize",
    got: String(plan.parallelism.tensor),
    allowed,
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
  const unique = [...new Set(near)].sort((a, b) => a - b);
  return unique.length > 0 ? `use ${unique.join(" or ")}` : "take another number of accelerators";
}

function checkRanks(plan: ModelPlan): readonly Finding[] {
  const { parallelism, nodes, acceleratorsPerNode } = plan;
  const devices = nodes * acceleratorsPerNode;
  const ranks = ranksOf(parallelism);
  if (ranks === devices) {
    return [];
  }
  const cut = fittingCut(plan);
  const advice = [
    ...(ranks % acceleratorsPerNode === 0 && structure.canBeCut(plan.model, parallelism)
      ? [`take ${ranks / acceleratorsPerNode} nodes for ${showParallelism(parallelism)}`]
      : []),
    ...(cut ? [`cut as ${showParallelism(cut)}`] : []),
  ];
  return [
    {
      path: "engine.tensorParallelSize",
      got: `${showParallelism(parallelism)} = ${ranks} ranks`,
      allowed: `must make ${devices} ranks for ${nodes} x ${acceleratorsPerNode} accelerators`,
      fix: advice.join(", or ") || "change the number of nodes",
    },
  ];
}

function checkWidths(plan: ModelPlan): readonly Finding[] {
  const obstacles = structure.widthObstacles(plan.model, plan.parallelism);
  const reported = !headsSuit(plan) || !structure.vocabularyDivides(plan.model, plan.parallelism.tensor);
  if (reported || obstacles.length === 0) {
    return [];
  }
  const { what, width, parts, block } = obstacles[0];
  const advice = tensorAdvice(plan);
  return [
    {
      path: "engine.tensorParallelSize",
      got: block
        ? `parts of ${width / parts} (${width} over ${parts} ranks)`
        : `${width} over ${parts} ranks`,
      allowed: block
        ? `must cut the ${what} into multiples of ${block}`
        : `must divide the ${what} of ${width}`,
      fix: obstacles.every(({ expert }) => expert) ? `${advice}, or expert parallelism` : advice,
    },
  ];
}

function checkStages(plan: ModelPlan): readonly Finding[] {
  const { model, parallelism } = plan;
  if (structure.stagesHaveLayers(model, parallelism)) {
    return [];
  }
  const { layers } = model.shape;
  const given = parallelism.layerPartition;
  return [
    {
      path: given ? "engine.layerPartition" : "engine.pipelineParallelSize",
      got: given ? given.join(", ") : String(parallelism.pipeline),
      allowed: given
        ? `must be ${parallelism.pipeline} numbers of at least 1 that sum up to ${layers} layers`
        : `must be at most ${layers}, the number of layers`,
      fix: given
        ? "leave it out for an even partition"
        : "use fewer nodes, or data parallelism for the others",
    },
  ];
}
