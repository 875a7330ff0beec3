import { type AwsServicePrice, awsServicePrice } from "../catalog/aws-service-prices";
import { HOURS_OF_MONTH } from "../review/money";
import type { PricedPart } from "../review/place-facts";

/** What a gp3 volume has without further payment (docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html). */
const GP3 = { iops: 3000, throughput: 125 };

/** A NAT gateway that waits; what it moves is billed besides. */
export function natGatewayPrice(): PricedPart {
  return hourly("NAT gateway", 1, awsServicePrice("nat-gateway-hour"));
}

/** Interface endpoints in one zone; what they move is billed besides. */
export function endpointsPrice(count: number): PricedPart {
  return hourly("interface endpoint", count, awsServicePrice("interface-endpoint-hour"));
}

/**
 * Root volumes of type gp3.
 *
 * @param sizeGiB of one
 * @param speed MiB/s and operations per second of one
 */
export function volumesPrice(
  count: number,
  sizeGiB: number,
  speed: { readonly iops: number; readonly throughput: number },
): PricedPart {
  const size = awsServicePrice("gp3-gib-month");
  const usdPerMonth =
    sizeGiB * size.usd +
    (speed.iops - GP3.iops) * awsServicePrice("gp3-iops-month").usd +
    (speed.throughput - GP3.throughput) * awsServicePrice("gp3-mibps-month").usd;
  return {
    what: `root volume of ${sizeGiB} GiB`,
    count,
    usdPerHour: usdPerMonth / HOURS_OF_MONTH,
    source: listed(size),
  };
}

function hourly(what: string, count: number, price: AwsServicePrice): PricedPart {
  return { what, count, usdPerHour: price.usd, source: listed(price) };
}

function listed({ region, priceDate }: AwsServicePrice): string {
  return `${region}, price list of ${priceDate}`;
}
