import { efsLimits, lustreLimits, networkLimits } from "../../../../lib/aws/storage/read-speeds";
import { fsxLustreTierOf } from "../../../../lib/catalog/fsx-lustre-tiers";
import type { SpeedLimit } from "../../../../lib/review/place-facts";
import { awsCluster } from "../../../support/aws-clusters";

const gigabytes = (limits: readonly SpeedLimit[]) =>
  limits.map(({ bytesPerSecond, isShared }) => [bytesPerSecond / 1e9, isShared ? "all" : "each"]);

// docs.aws.amazon.com/fsx/latest/LustreGuide/performance.html: 5 Gbps from each server of 2.4 TiB, 100 at most; 700 over EFA.
test.each<[string, number, boolean, unknown]>([
  [
    "persistent-1000",
    9.6,
    false,
    [
      [9.6, "all"],
      [2.5, "each"],
    ],
  ],
  [
    "persistent-1000",
    4.8,
    false,
    [
      [4.8, "all"],
      [1.25, "each"],
    ],
  ],
  [
    "persistent-125",
    1.2,
    false,
    [
      [0.15, "all"],
      [0.625, "each"],
    ],
  ],
  [
    "persistent-250",
    60,
    false,
    [
      [15, "all"],
      [12.5, "each"],
    ],
  ],
  [
    "scratch",
    2.4,
    false,
    [
      [0.48, "all"],
      [0.625, "each"],
    ],
  ],
  [
    "persistent-1000",
    9.6,
    true,
    [
      [9.6, "all"],
      [87.5, "each"],
    ],
  ],
])("Lustre %s of %d TiB, over EFA: %s", (tier, capacityTiB, efa, expected) => {
  expect(gigabytes(lustreLimits(efa, { tier: fsxLustreTierOf(tier), capacityTiB }))).toEqual(expected);
});

test("Lustre of an unknown size has the limit of a machine alone", () => {
  expect(gigabytes(lustreLimits(false))).toEqual([[12.5, "each"]]);
  expect(gigabytes(lustreLimits(true))).toEqual([[87.5, "each"]]);
});

test("EFS has the limit of a machine without its own client, and its own where it is elastic", () => {
  expect(gigabytes(efsLimits(true))).toEqual([
    [20 * 1.073741824, "all"],
    [0.524288, "each"],
  ]);
  expect(gigabytes(efsLimits(false))).toEqual([[0.524288, "each"]]);
});

test("of several networks the slowest counts", () => {
  expect(gigabytes(networkLimits([100, 40]))).toEqual([[5, "each"]]);
  expect(networkLimits([])).toEqual([]);
});

test("the time for 812 GB is in the review, with its parts", () => {
  const stack = awsCluster();
  const page = stack.file("review.md");
  stack.remove();
  expect(page).toContain(
    "weights from FSx for Lustre 9.6 TiB persistent-1000 to the accelerators at best 85 s: 811.7 GB, 202.9 GB to a node " +
      "(the file system 9.6 GB/s: 85 s; one machine over TCP from 4 servers 2.5 GB/s: 82 s)",
  );
});
