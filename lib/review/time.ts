import { engineKind } from "../topology/engine-spec";
import type { ClusterPlan } from "../topology/plan/plan";
import type { PlaceFacts } from "./place-facts";

/** How long it takes until a cluster serves. Seconds. */
export interface TimeReview {
  readonly parts: readonly TimePart[];
  /** `null`: the deployment waits for nothing. */
  readonly givesUpAfterSeconds: number | null;
}

export interface TimePart {
  readonly what: string;
  readonly atMostSeconds: number;
}

export function timeReview({ deadlines, engine }: ClusterPlan, place: PlaceFacts): TimeReview {
  const kind = engineKind(engine);
  const parts: readonly (readonly [string, number])[] = [
    ["machines boot and pull the image", place.bootSeconds ?? 0],
    ["head is up", deadlines.headSeconds],
    ["all nodes are members", deadlines.membershipSeconds],
    ["membership is held", deadlines.holdSeconds],
    ["model is on all nodes", deadlines.stagingSeconds],
    [kind === "job" ? "job has started" : "engine answers", kind === "none" ? 0 : deadlines.engineSeconds],
    ["one completion has come back", kind === "serve" ? deadlines.completionSeconds : 0],
  ];
  return {
    parts: parts
      .filter(([, seconds]) => seconds > 0)
      .map(([what, atMostSeconds]) => ({ what, atMostSeconds })),
    givesUpAfterSeconds: place.givesUpAfterSeconds ?? null,
  };
}

/** `7 h 9 min`, `90 s`. */
export function duration(seconds: number): string {
  if (seconds < 120) {
    return `${seconds} s`;
  }
  const minutes = Math.ceil(seconds / 60);
  const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
  return hours === 0 ? `${minutes} min` : rest === 0 ? `${hours} h` : `${hours} h ${rest} min`;
}
