import { isWithin } from "../problems/checks";
import { engineKind } from "../topology/engine-spec";
import type { ClusterPlan } from "../topology/plan/plan";
import type { PlaceFacts } from "./place-facts";
import { ranks } from "./ranks";
import { duration } from "./time";

/** How long the weights take from storage to the accelerators, at best: an engine may read more, or slower. */
export interface LoadReview {
  /** What is read; `null`: no number of it has a source. */
  readonly from: string | null;
  /** Folder in the containers. */
  readonly folder: string;
  /** What all nodes read together. */
  readonly bytes: number;
  /** What the node reads that reads most. */
  readonly bytesOfNode: number;
  /** `null`: not known. */
  readonly atBestSeconds: number | null;
  /** What all bytes pass, the slowest first. */
  readonly limits: readonly LoadLimit[];
}

export interface LoadLimit {
  readonly what: string;
  readonly bytesPerSecond: number;
  readonly seconds: number;
}

/** @returns `null` where no server loads weights, or where their size is not known */
export function loadReview(plan: ClusterPlan, { readSpeeds = [] }: PlaceFacts): LoadReview | null {
  const [model] = plan.staging?.models ?? [];
  const whole = model?.modelBytes;
  if (engineKind(plan.engine) !== "serve" || whole === undefined) {
    return null;
  }
  const shares = sharesOf(plan).map((share) => share * whole);
  const [bytes, bytesOfNode] = [shares.reduce((sum, one) => sum + one, 0), Math.max(...shares)];
  const speed = readSpeeds.find(({ mountPath }) => isWithin(model.destination, mountPath));
  const limits = (speed?.limits ?? [])
    .map(({ what, bytesPerSecond, isShared }) => ({
      what,
      bytesPerSecond,
      seconds: Math.ceil((isShared ? bytes : bytesOfNode) / bytesPerSecond),
    }))
    .sort((a, b) => b.seconds - a.seconds);
  return {
    from: speed?.what ?? null,
    folder: model.destination,
    bytes,
    bytesOfNode,
    atBestSeconds: limits.length === 0 ? null : limits[0].seconds,
    limits,
  };
}

/** Of the model, what each node reads: the layers of its stages, once; all of it where the cut is not known. */
function sharesOf(plan: ClusterPlan): readonly number[] {
  const located = ranks(plan);
  const stages = plan.engine.parallelism?.pipeline ?? 1;
  return located.length > 0
    ? located.map((node) => node.stages.length / stages)
    : plan.nodes.filter(({ acceleratorCount }) => acceleratorCount > 0).map(() => 1);
}

/** One phrase of the row `Time`. */
export function loadText(load: LoadReview): string {
  const { from, folder, bytes, bytesOfNode, atBestSeconds, limits } = load;
  if (from === null || atBestSeconds === null) {
    return `weights from storage to the accelerators: **unknown**, no speed of ${folder} has a source`;
  }
  const parts = limits.map(
    (one) => `${one.what} ${gigabytes(one.bytesPerSecond)}/s: ${duration(one.seconds)}`,
  );
  return (
    `weights from ${from} to the accelerators at best ${duration(atBestSeconds)}: ` +
    `${gigabytes(bytes)}, ${gigabytes(bytesOfNode)} to a node (${parts.join("; ")})`
  );
}

/** Decimal, as disks and hubs count. */
function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
