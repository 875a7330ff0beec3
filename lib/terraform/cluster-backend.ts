import type { Construct } from "constructs";
import type { NodePool } from "../topology/cluster-props";
import type { ClusterPlan } from "../topology/plan";
import type { Place } from "../topology/place";

/**
 * The place a cluster stands in: the only polymorphic seam. A backend first says what the place
 * decides (`place`), then, once the plan is made, creates the resources (`build`).
 */
export abstract class ClusterBackend {
  /** @internal */
  public abstract _place(shape: ClusterShape): Place;
  /** @internal */
  public abstract _build(scope: Construct, plan: ClusterPlan): ClusterEndpoint;
}

/** How many nodes the place must find addresses for, pool by pool; the first node of the first pool is the head. */
export interface ClusterShape {
  readonly clusterName: string;
  readonly pools: readonly NodePool[];
}

/** Where users reach the engine's API, and what the place adds to the review. */
export interface ClusterEndpoint {
  /** Base URL; may be a token that has a value only when the cluster serves. */
  readonly url: string;
  /** The same as a person reads it before deploying, e.g. `http://127.0.0.1:8000`. */
  readonly reviewUrl: string;
  /** What the place mounts into every container, one line each. */
  readonly reviewMounts: readonly string[];
  /** Node, machine, and how it is reached, of machines that exist already; `undefined`: the place makes them. */
  readonly reviewMachines?: readonly (readonly string[])[];
}
