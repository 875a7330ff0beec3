import { everyFlagOfEngine, flagsOfEngine } from "../../../catalog/engine-flags";
import { allModels, findModel } from "../../../catalog/models";
import { DEFAULT_MEMORY_UTILIZATION } from "../../model/memory-fit";
import { Model } from "../../model/model";
import { bytesOfLayer } from "../../model/model-weights";
import type { Parallelism } from "../../model/parallelism";
import { otherCuts } from "./fitting-cuts";
import type { ModelPlan } from "./model-structure";

/** Another cut of the same accelerators changes neither what is paid nor what is answered. */
const CUT_WEIGHT = 0.1;

/** One thing that is declared in another way. */
export interface Change {
  readonly kind: "cut" | "cache" | "weights" | "share" | "context" | "sequences" | "nodes";
  /** As it is declared, e.g. `kvCacheDtype 'fp8'`. */
  readonly text: string;
  readonly plan: Partial<ModelPlan>;
  /** How far it is from the declaration: 1 for half of something, or twice as much. */
  readonly distance: number;
}

/** What could be declared in another way for the same load on the same machines. */
export function changesOf(plan: ModelPlan): readonly Change[] {
  return [...cuts(plan), ...smallerCache(plan), ...smallerWeights(plan), ...largerShare(plan)];
}

/** Bytes of an element of the cache. */
export function cacheBytesOf({ kvElementBytes, model }: ModelPlan): number {
  return kvElementBytes ?? model.cacheElementBytes ?? model.elementBytes;
}

function cuts(plan: ModelPlan): readonly Change[] {
  return otherCuts(plan).map((cut) => ({
    kind: "cut",
    text: declaredCut(plan.parallelism, cut),
    plan: { parallelism: cut },
    distance: CUT_WEIGHT * cutDistance(plan.parallelism, cut),
  }));
}

/** The sizes of a cut that differ, as properties. */
export function declaredCut(from: Parallelism, to: Parallelism): string {
  const sizes = [
    ...(from.tensor === to.tensor ? [] : [`tensorParallelSize ${to.tensor}`]),
    ...(from.pipeline === to.pipeline ? [] : [`pipelineParallelSize ${to.pipeline}`]),
    ...(from.data === to.data ? [] : [`dataParallelSize ${to.data}`]),
    ...(from.expertParallel === to.expertParallel ? [] : [`enableExpertParallel ${to.expertParallel}`]),
  ];
  return sizes.join(", ");
}

function cutDistance(from: Parallelism, to: Parallelism): number {
  return (
    halvings(from.tensor, to.tensor) +
    halvings(from.pipeline, to.pipeline) +
    halvings(from.data, to.data) +
    (from.expertParallel === to.expertParallel ? 0 : 1)
  );
}

/** How often one number is halved or doubled to become the other. */
export function halvings(from: number, to: number): number {
  return Math.abs(Math.log2(to / from));
}

/** A smaller cache, where the engine has a property for it. */
function smallerCache(plan: ModelPlan): readonly Change[] {
  // Ascend's A2 and A3 have no FP8.
  const text =
    hasFlag(plan, "vllm", "--kv-cache-dtype") && plan.collective !== "hccl"
      ? "kvCacheDtype 'fp8'"
      : hasFlag(plan, "lmdeploy", "--quant-policy")
        ? "quantPolicy 8"
        : undefined;
  return text !== undefined && cacheBytesOf(plan) > 1
    ? [{ kind: "cache", text, plan: { kvElementBytes: 1 }, distance: halvings(cacheBytesOf(plan), 1) }]
    : [];
}

/** Published variants of the same architecture with smaller weights; else 8 bits, quantized while loading. */
function smallerWeights(plan: ModelPlan): readonly Change[] {
  const { model, collective } = plan;
  const own = model.id === undefined ? undefined : findModel(model.id);
  const change = (variant: Model, text: string): Change => ({
    kind: "weights",
    text,
    plan: { model: variant },
    distance: halvings(total(model), total(variant)),
  });
  if (own) {
    return allModels()
      .filter((other) => other.release === own.release && other.weightBytes < own.weightBytes)
      .filter((other) => collective === undefined || !other.unfitFor.includes(collective))
      .map(({ id }) => change(Model.of(id), `model '${id}'`));
  }
  const smaller = model.quantizedAs("fp8");
  return smaller !== model && hasFlag(plan, "vllm", "--quantization") && collective !== "hccl"
    ? [change(smaller, "quantization 'fp8'")]
    : [];
}

/** Bytes of a model in memory. */
function total({ weights }: Model): number {
  return weights.layers.reduce((sum, layer) => sum + bytesOfLayer(layer), weights.embedding + weights.head);
}

/** The usual share of memory, where a smaller one is declared. */
function largerShare({ memoryUtilization, cacheShare, cacheGiB, engine }: ModelPlan): readonly Change[] {
  return engine?.name !== "vllm" ||
    memoryUtilization === undefined ||
    memoryUtilization >= DEFAULT_MEMORY_UTILIZATION ||
    memoryUtilization <= 0 ||
    cacheShare !== undefined ||
    cacheGiB !== undefined
    ? []
    : [
        {
          kind: "share",
          text: `gpuMemoryUtilization ${DEFAULT_MEMORY_UTILIZATION}`,
          plan: { memoryUtilization: DEFAULT_MEMORY_UTILIZATION },
          distance: halvings(memoryUtilization, DEFAULT_MEMORY_UTILIZATION),
        },
      ];
}

/** Whether the plan's engine is the given one, and its version has a flag. */
function hasFlag({ engine }: ModelPlan, name: string, flag: string): boolean {
  const flags = flagsOfEngine(name, engine?.version) ?? everyFlagOfEngine(name);
  return engine?.name === name && flags.has(flag);
}
