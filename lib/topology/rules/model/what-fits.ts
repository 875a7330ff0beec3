import type { ProblemChoices } from "../../../problems/problem";
import { memoryFit, type MemoryFit } from "../../model/memory-fit";
import { type Parallelism, showParallelism } from "../../model/parallelism";
import { canBeCut, type ModelPlan } from "./model-structure";
import { cacheBytesOf, type Change, changesOf, declaredCut, halvings } from "./plan-changes";
import { cutOver } from "./fitting-cuts";

/** Larger clusters are not proposed: whoever has them does not need the hint. */
export const MOST_NODES = 64;

/** Context lengths are proposed in steps of this, so that they read like ones that a person chose. */
const CONTEXT_STEP = 1024;

/** Rows of the table, and rows that change the same things. */
const MOST_ROWS = 6;
const MOST_OF_A_KIND = 2;

/** Changes whose numbers follow from the others. */
const COMPUTED = ["context", "sequences", "nodes"] as const;

/** A declaration that fits. */
export interface FittingChoice {
  /** What is declared in another way, each as it is written. */
  readonly changes: readonly string[];
  readonly nodes: number;
  readonly parallelism: Parallelism;
  readonly contextTokens: number;
  readonly sequences: number;
  /** Bits of the model's quantized weights. */
  readonly weightBits: number;
  readonly cacheBits: number;
  /** Memory left over on the fullest accelerator. */
  readonly leftGiB: number;
}

/** The memory that a plan needs, with changes to it. */
export function fitOf(
  plan: ModelPlan,
  change: Partial<ModelPlan> & { readonly favourable?: boolean } = {},
): MemoryFit {
  return memoryFit({ ...plan, ...change });
}

/** What would fit, the nearest to the declaration first, as a table; `undefined`: nothing that could be declared. */
export function choicesOf(plan: ModelPlan, leastLeftGiB = 0): ProblemChoices | undefined {
  const choices = whatFits(plan, leastLeftGiB);
  return choices.length === 0
    ? undefined
    : {
        head: ["change", "nodes", "cut", "load in tokens", "weights", "cache", "left on each"],
        rows: choices.map((choice) => [
          choice.changes.join(", "),
          String(choice.nodes),
          showParallelism(choice.parallelism) + (choice.parallelism.expertParallel ? ", experts whole" : ""),
          `${choice.sequences} x ${choice.contextTokens}`,
          `${choice.weightBits} bit`,
          `${choice.cacheBits} bit`,
          `${choice.leftGiB.toFixed(1)} GiB`,
        ]),
      };
}

/**
 * Declarations that fit: one thing changed or, where that is not enough, two or three. None contains another one.
 *
 * @param leastLeftGiB memory that must be left over
 */
export function whatFits(plan: ModelPlan, leastLeftGiB = 0): readonly FittingChoice[] {
  const found: (readonly Change[])[] = [];
  const isNew = (changes: readonly Change[]) => !found.some((less) => isWithin(less, changes));
  for (const changes of combinations(changesOf(plan))) {
    const changed = { ...plan, ...merged(changes) };
    if (!isNew(changes) || !canBeCut(changed.model, changed.parallelism, changed.engine)) {
      continue;
    }
    if (changes.length > 0 && fitOf(withReserve(changed, leastLeftGiB)).fits) {
      found.push(changes);
    } else if (changes.length < 2) {
      const kinds = COMPUTED.filter((kind) => !found.some((less) => isWithin(less, changes, kind)));
      const computed = kinds.flatMap((kind) => FOLLOWING[kind](changed, leastLeftGiB));
      found.push(...computed.map((change) => [...changes, change]));
    }
  }
  return nearest(found).map((changes) => choiceOf({ ...plan, ...merged(changes) }, changes));
}

/** Whether the changes of a choice are among others, whatever the numbers that follow from them. */
function isWithin(
  less: readonly Change[],
  changes: readonly Change[],
  following?: (typeof COMPUTED)[number],
): boolean {
  return less.every(
    ({ kind, text }) =>
      kind === following || changes.some((other) => other.kind === kind && other.text === text),
  );
}

/** The choices with the least distance; of those that change the same things only the nearest. */
function nearest(found: readonly (readonly Change[])[]): readonly (readonly Change[])[] {
  const kindOf = (changes: readonly Change[]) => changes.map(({ kind }) => kind).join();
  const sorted = [...found].sort((one, other) => distanceOf(one) - distanceOf(other));
  return sorted
    .filter((changes, index) => {
      const before = sorted.slice(0, index).filter((other) => kindOf(other) === kindOf(changes));
      return before.length < MOST_OF_A_KIND;
    })
    .slice(0, MOST_ROWS);
}

function distanceOf(changes: readonly Change[]): number {
  return changes.reduce((total, { distance }) => total + distance, 0);
}

/** Nothing, each change, and each two of different kinds. */
function combinations(changes: readonly Change[]): readonly (readonly Change[])[] {
  const pairs = changes.flatMap((one, index) =>
    changes.slice(index + 1).flatMap((other) => (one.kind === other.kind ? [] : [[one, other]])),
  );
  return [[], ...changes.map((one) => [one]), ...pairs];
}

function merged(changes: readonly Change[]): Partial<ModelPlan> {
  return changes.reduce<Partial<ModelPlan>>((all, { plan }) => ({ ...all, ...plan }), {});
}

/** The plan with memory that the engine must leave. */
function withReserve(plan: ModelPlan, reserveGiB: number): ModelPlan & { readonly overheadGiB?: number } {
  return reserveGiB === 0 ? plan : { ...plan, overheadGiB: fitOf(plan).overheadGiB + reserveGiB };
}

function choiceOf(plan: ModelPlan, changes: readonly Change[]): FittingChoice {
  const { model, nodes, parallelism, contextTokens, concurrentSequences } = plan;
  return {
    changes: changes.map(({ text }) => text),
    nodes,
    parallelism,
    contextTokens,
    sequences: concurrentSequences,
    weightBits: model.quantization?.bits ?? 8 * model.elementBytes,
    cacheBits: 8 * cacheBytesOf(plan),
    leftGiB: fitOf(plan).headroomGiB,
  };
}

/** How the numbers are found that follow from the other changes. */
const FOLLOWING: {
  readonly [kind in (typeof COMPUTED)[number]]: (plan: ModelPlan, leastLeftGiB: number) => readonly Change[];
} = { context: shorterSequences, sequences: fewerSequences, nodes: moreNodes };

function shorterSequences(plan: ModelPlan, leastLeftGiB: number): readonly Change[] {
  const { contextTokens: from, contextProperty = "contextTokens" } = plan;
  const { longestTokens } = fitOf(withReserve(plan, leastLeftGiB));
  const contextTokens = Math.floor(longestTokens / CONTEXT_STEP) * CONTEXT_STEP;
  const text = `${contextProperty} ${contextTokens}`;
  return contextTokens > 0 && contextTokens < from
    ? [{ kind: "context", text, plan: { contextTokens }, distance: halvings(from, contextTokens) }]
    : [];
}

function fewerSequences(plan: ModelPlan, leastLeftGiB: number): readonly Change[] {
  const { concurrentSequences: from } = plan;
  const { maximumSequences: concurrentSequences } = fitOf(withReserve(plan, leastLeftGiB));
  const text = `plannedSequences ${concurrentSequences}`;
  return concurrentSequences > 0 && concurrentSequences < from
    ? [
        {
          kind: "sequences",
          text,
          plan: { concurrentSequences },
          distance: halvings(from, concurrentSequences),
        },
      ]
    : [];
}

function moreNodes(plan: ModelPlan, leastLeftGiB: number): readonly Change[] {
  for (let nodes = plan.nodes + 1; nodes <= MOST_NODES; nodes++) {
    const parallelism = cutOver(plan, nodes);
    if (parallelism !== undefined) {
      const larger = { ...plan, nodes, parallelism };
      if (fitOf(withReserve(larger, leastLeftGiB)).fits) {
        const text = `nodes ${nodes}, ${declaredCut(plan.parallelism, parallelism)}`;
        return [{ kind: "nodes", text, plan: { nodes, parallelism }, distance: halvings(plan.nodes, nodes) }];
      }
    }
  }
  return [];
}
