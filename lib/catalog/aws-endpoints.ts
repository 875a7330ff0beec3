import rows from "./aws-endpoints.json";
import type { FactRow } from "./facts";

/** A service of AWS that machines without internet reach by an endpoint in their network. */
export interface AwsEndpoint extends FactRow {
  /** Service, as in `com.amazonaws.<region>.<id>`. */
  readonly id: string;
  /** What is missing without it. */
  readonly why: string;
}

/** All endpoints that a cluster may need, in the order of the catalogue. */
export function allAwsEndpoints(): readonly AwsEndpoint[] {
  return rows;
}
