import type { Construct } from "constructs";
import type { PlaceReview } from "../review/review";
import type { NodePool } from "../topology/declaration/cluster-props";
import type { ContainerImage } from "../topology/declaration/container-image";
import type { Fabric } from "../topology/declaration/fabric";
import type { ClusterPlan } from "../topology/plan/plan";
import type { ModelSource } from "../topology/values/model-source";
import type { Place } from "../topology/plan/place";
import type { Problem } from "../problems/problem";
import type { IStorage } from "../topology/declaration/storage";
import type { IEngine } from "../topology/engine-spec";
import type { SecretRef } from "../topology/values/secret-ref";

/**
 * The place a cluster stands in: the only polymorphic seam. A backend holds nothing of any cluster. One of your own makes the
 * machines itself, and leaves what they boot with to the site of another backend.
 *
 * @example
 * class Lab extends ClusterBackend {
 *   public open(scope: Construct, declaration: ClusterDeclaration): IClusterSite {
 *     const machines = new CloudInitBackend({ subnetCidr: "10.0.0.0/24", headAddress: "10.0.0.10" });
 *     return machines.open(scope, declaration);
 *   }
 * }
 */
export abstract class ClusterBackend {
  /**
   * Opens a site for one cluster.
   *
   * @param scope the cluster's construct, for whatever the site creates
   * @param declaration what the place may have an opinion on
   */
  public abstract open(scope: Construct, declaration: ClusterDeclaration): IClusterSite;
}

/** The place of one cluster: what it decides, what is wrong with it, and how a plan is built there. Immutable. */
export interface IClusterSite {
  /** What the place decides and the plan needs. */
  readonly place: Place;
  /** What is wrong with the place itself; the rules of the topology judge the rest. */
  readonly problems: readonly Problem[];
  /**
   * Creates the resources of a plan without errors. What shows only in the finished plan is reported as a problem
   * of the scope.
   */
  create(plan: ClusterPlan): ClusterEndpoint;
}

/** How many nodes the place must find addresses for, pool by pool; the first node of the first pool is the head. */
export interface ClusterShape {
  /** Id of the cluster's construct. */
  readonly clusterName: string;
  /** As declared, the head's first. */
  readonly pools: readonly NodePool[];
}

/** What else of a declaration a place may have an opinion on. */
export interface ClusterDeclaration extends ClusterShape {
  /** Network that carries the collectives. */
  readonly fabric: Fabric;
  /** Image of every container. */
  readonly image: ContainerImage;
  /** What every container has, defaults among it. */
  readonly storage: readonly IStorage[];
  /** The cluster's model. @default - the cluster brings none */
  readonly model?: ModelSource;
  /** Secrets by the name of their variable. @default - none */
  readonly secrets?: { readonly [variable: string]: SecretRef };
  /** What will run. @default - not told */
  readonly engine?: IEngine;
  /** Whether the nodes speak TLS. @default false */
  readonly internodeTls?: boolean;
}

/** Where users reach the engine's API, and what the place adds to the review. */
export interface ClusterEndpoint extends PlaceReview {
  /** Base URL; may be a token that has a value only when the cluster serves. */
  readonly url: string;
}
