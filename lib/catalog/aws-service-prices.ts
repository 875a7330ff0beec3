import rows from "./aws-service-prices.json";
import type { FactRow } from "./facts";
import { table } from "./table";

/** What a unit of a service costs, in USD. */
export interface AwsServicePrice extends FactRow {
  /** Service and unit, e.g. `nat-gateway-hour`. */
  readonly id: string;
  readonly region: string;
  readonly usd: number;
  /** Day of the price list. */
  readonly priceDate: string;
}

export const { get: awsServicePrice } = table<AwsServicePrice>("price of an AWS service", rows);
