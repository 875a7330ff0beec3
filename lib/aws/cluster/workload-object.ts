import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { Construct } from "constructs";
import { placedWorkload } from "../../terraform/placed-workload";
import { template } from "../../terraform/template";
import type { ClusterPlan } from "../../topology/plan/plan";
import type { WorkloadStore } from "./boot-sources";

/**
 * The workload of a cluster as an object of its boot store. No machine knows its number before the readiness stack names it,
 * so another workload is another object and another wait, and nothing else.
 */
export class WorkloadObject extends Construct {
  /** By which a verdict says what it is about; a reference where the text has values that are known only at apply. */
  public readonly number: string;
  /** @internal */
  public readonly _object: S3Object;

  public constructor(scope: Construct, id: string, store: WorkloadStore, plan: ClusterPlan) {
    super(scope, id);
    const { text, number } = placedWorkload(this, plan);
    this.number = number;
    this._object = new S3Object(this, "object", {
      bucket: store.bucket,
      // Named by its number: an object never gets another content.
      key: `${store.prefix}${number}.json`,
      content: template(text, `workload of ${plan.name}`),
      contentType: "application/json",
    });
  }
}
