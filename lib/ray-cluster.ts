import { Annotations } from "cdktf";
import { Construct } from "constructs";
import type { ClusterBackend } from "./terraform/cluster-backend";
import { appendToStackFile } from "./terraform/stack-files";
import type { ClusterOptions } from "./topology/declaration/cluster-props";
import type { ClusterPlan } from "./topology/plan/plan";
import { problemLine } from "./problems/plan-error";
import { planCluster } from "./topology/planner";
import { storageOf } from "./topology/plan/staging";
import { reviewMarkdown } from "./review/review";

/** Declaration of a cluster and its place. */
export interface RayClusterProps extends ClusterOptions {
  /** The place: a `LocalBackend`, for example. Nothing else of a declaration depends on it but the accelerators. */
  readonly backend: ClusterBackend;
}

/**
 * A Ray cluster that serves when `apply` returns. The construct's id is the cluster's name: lower-case
 * letters, digits and dashes, at most 32.
 */
export class RayCluster extends Construct {
  /** Everything that was decided at synth, as plain data. */
  public readonly plan: ClusterPlan;
  /**
   * Base URL of the engine's API; without an API (`RollPipeline`, `RayOnly`) the address of Ray for
   * `RAY_ADDRESS`, on the cluster's network. Who reads it in a stack waits until the cluster serves.
   */
  public readonly endpoint: string;

  /** @throws PlanError with everything that is wrong with the declaration */
  public constructor(scope: Construct, id: string, props: RayClusterProps) {
    super(scope, id);
    const { backend, ...options } = props;
    const place = backend._place({ ...options, clusterName: id, storage: storageOf(options) });
    this.plan = planCluster({ ...options, name: id }, place);
    const endpoint = backend._build(this, this.plan);
    this.endpoint = endpoint.url;
    for (const warning of this.plan.warnings) {
      Annotations.of(this).addWarning(problemLine(warning).trim());
    }
    const extra = {
      backend: place.backend,
      endpoint: endpoint.reviewUrl,
      mounts: endpoint.reviewMounts,
      machines: endpoint.reviewMachines,
      newMachines: endpoint.reviewNewMachines,
      token: endpoint.reviewToken,
    };
    appendToStackFile(this, "review.md", reviewMarkdown(this.plan, extra));
  }
}
