import { Fn, TerraformLocal, Token } from "cdktf";
import type { Construct } from "constructs";
import { workload, workloadNumber, workloadText } from "../runtime/workload/make-workload";
import type { ClusterPlan } from "../topology/plan/plan";
import { template } from "./template";

/** Hexadecimal digits of a workload's number. */
const DIGITS = 12;

/** A workload that a place delivers apart from what its machines boot with. */
export interface PlacedWorkload {
  /** Its text, or a reference to it where it has values that are known only at apply. */
  readonly text: string;
  /** By which a verdict says what it is about: a reference where the text is one. */
  readonly number: string;
}

/** The workload of a plan; `scope` gets the text where Terraform completes it. */
export function placedWorkload(scope: Construct, plan: ClusterPlan): PlacedWorkload {
  const text = workloadText(workload(plan));
  if (!Token.isUnresolved(text)) {
    return { text, number: workloadNumber(text) };
  }
  const { asString } = new TerraformLocal(scope, "workload-text", template(text, `workload of ${plan.name}`));
  return { text: asString, number: Token.asString(Fn.substr(Fn.sha256(asString), 0, DIGITS)) };
}
