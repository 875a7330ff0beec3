import { Lazy } from "cdktf";
import { Construct } from "constructs";
import { withoutLateValues } from "./problems/late-values";
import { decidedOf } from "./review/change/change";
import { clusterReview } from "./review/cluster-review";
import { reviewMarkdown } from "./review/review";
import { clusterTerms } from "./runtime/lives/terms";
import { reportProblems, throwProblems } from "./terraform/app-problems";
import type { ClusterBackend, IClusterSite } from "./terraform/cluster-backend";
import { reviewCluster } from "./terraform/review-files";
import { TermsRecord } from "./terraform/terms-record";
import type { ClusterOptions } from "./topology/declaration/cluster-props";
import type { ClusterPlan } from "./topology/plan/plan";
import { storageOf } from "./topology/plan/declared-models";
import { judgeCluster } from "./topology/planner";

/** Declaration of a cluster and its place. */
export interface RayClusterProps extends ClusterOptions {
  /** The place: a `LocalBackend`, for example. Nothing else of a declaration depends on it but the accelerators. */
  readonly backend: ClusterBackend;
}

/**
 * A Ray cluster that serves when `apply` returns. The construct's id is the cluster's name: lower-case
 * letters, digits and dashes, at most 32.
 *
 * What is wrong with the declaration ends the synth of the app, together with what is wrong with its other constructs.
 *
 * @example
 * const cluster = new RayCluster(this, "llama", {
 *   backend: new LocalBackend(),
 *   pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU }],
 *   fabric: Fabric.TCP,
 *   image: LocalBackend.emulationImage(),
 *   engine: new EmulatedServe(),
 * });
 * new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
 */
export class RayCluster extends Construct {
  /**
   * Base URL of the engine's API; without an API (`RollPipeline`, `RayOnly`) the address of Ray for
   * `RAY_ADDRESS`, on the cluster's network. Who reads it in a stack waits until the cluster serves.
   */
  public readonly endpoint: string;
  /** The place of this cluster, e.g. for `CloudInitSite.of`. */
  public readonly site: IClusterSite;
  private readonly decided?: ClusterPlan;

  public constructor(scope: Construct, id: string, props: RayClusterProps) {
    super(scope, id);
    const { backend, ...options } = props;
    this.site = backend.open(this, { ...options, clusterName: id, storage: storageOf(options) });
    const { place, problems: problemsOfPlace } = this.site;
    const { plan, problems } = judgeCluster({ ...options, name: id }, place, problemsOfPlace);
    if (!reportProblems(this, problems) || plan === undefined) {
      this.endpoint = Lazy.stringValue({ produce: () => "" });
      return;
    }
    this.decided = plan;
    const endpoint = this.site.create(plan);
    this.endpoint = endpoint.url;
    const terms = clusterTerms(options, plan);
    const review = clusterReview(plan, place.backend, endpoint, terms);
    new TermsRecord(this, "lives", { ...terms, decided: decidedOf(review) });
    const page = withoutLateValues(reviewMarkdown(plan, place.backend, endpoint), "(known at apply)");
    reviewCluster(this, review, page);
  }

  /**
   * Everything that was decided at synth, as plain data.
   *
   * @throws PlanError where the declaration has errors
   */
  public get plan(): ClusterPlan {
    if (this.decided === undefined) {
      throwProblems(this);
      throw new Error(`cluster '${this.node.path}' has neither a plan nor a problem`);
    }
    return this.decided;
  }
}
