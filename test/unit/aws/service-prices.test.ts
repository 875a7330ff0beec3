import { endpointsPrice, natGatewayPrice, volumesPrice } from "../../../lib/aws/service-prices";

describe("the price of a service", () => {
  it("is by the hour for a NAT gateway and for each interface endpoint", () => {
    expect(natGatewayPrice()).toEqual({
      what: "NAT gateway",
      count: 1,
      usdPerHour: 0.045,
      source: "us-east-1, price list of 2024-07-01",
    });
    expect(endpointsPrice(11)).toMatchObject({ count: 11, usdPerHour: 0.01 });
  });

  it.each([
    ["with what gp3 includes", { iops: 3000, throughput: 125 }, 16],
    ["with 1000 operations more", { iops: 4000, throughput: 125 }, 21],
    ["with 875 MiB/s more", { iops: 3000, throughput: 1000 }, 51],
  ])("of a volume of 200 GiB %s has a month in USD", (_, speed, usdPerMonth) => {
    const { count, usdPerHour = 0 } = volumesPrice(4, 200, speed);
    expect([count, usdPerHour * 730]).toEqual([4, expect.closeTo(usdPerMonth, 6)]);
  });
});
