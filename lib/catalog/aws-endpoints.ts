import rows from "./aws-endpoints.json";
import type { FactRow } from "./facts";
import { table } from "./table";

/** An AWS service that machines without internet access reach through an endpoint in their network. */
export interface AwsEndpoint extends FactRow {
  /** Service, as in `com.amazonaws.<region>.<id>`. */
  readonly id: string;
  /** What does not work without it. */
  readonly why: string;
}

/** All endpoints that a cluster may need, in the order of the catalogue. */
export const { all: allAwsEndpoints } = table<AwsEndpoint>("AWS endpoint", rows);
