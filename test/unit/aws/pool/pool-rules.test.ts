import { join } from "node:path";
import { SpotInterruption } from "../../../../lib/aws/pool/capacity";
import { CAPACITY_TOPIC } from "../../../../lib/aws/pool/capacity-rules";
import { NicLayout } from "../../../../lib/aws/pool/nic-layout";
import { checkNodePool, checkPool, NODE_POOL_TOPIC, POOL_TOPIC } from "../../../../lib/aws/pool/pool-rules";
import type { PoolSpec } from "../../../../lib/aws/pool/pool-spec";
import { describeRules, type RuleCase } from "../support/rule-cases";

const OVER_EFA = { path: "storage[0]", isReachedByEfa: true };

const GOOD: PoolSpec = {
  instanceType: "p5.48xlarge",
  nodes: 4,
  fabric: "efa",
  nicLayout: NicLayout.RECOMMENDED,
  publicIp: false,
  hasHead: true,
  headAddress: "10.20.0.10",
  capacity: { kind: "on-demand" },
  machineImage: { architecture: "x86_64", driver: "nvidia", minimumRootGiB: 75 },
  rootVolumeGiB: 200,
  network: {
    availabilityZone: "us-east-1a",
    subnetCidr: "10.20.0.0/22",
    hasPlacementGroup: true,
    hasSelfRules: true,
  },
  storage: [],
};
const NEURON = { machineImage: { architecture: "x86_64", driver: "neuron" } };
const ARM = { machineImage: { architecture: "arm64", driver: "nvidia" } };
const RESERVATION = "cr-0123456789abcdef0";
const GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/us";

const CASES: readonly RuleCase<Partial<PoolSpec>>[] = [
  [{ instanceType: "p5.48xlarg" }, "RC400", "instanceType", "'p5.48xlarg'"],
  [{ instanceType: "inf2.48xlarge", ...NEURON }, "RC401", "fabric", "'efa'"],
  [{ fabric: "infiniband" }, "RC401", "fabric", "'infiniband'"],
  [{ instanceType: "p6-b300.48xlarge", nicLayout: NicLayout.CLASSIC }, "RC402", "nicLayout", "'classic'"],
  [{ publicIp: true }, "RC403", "publicIp", "true"],
  [
    { capacity: { kind: "reservation", id: RESERVATION, availabilityZone: "us-east-1b" } },
    "RC404",
    "capacity.availabilityZone",
    "'us-east-1b'",
  ],
  [
    { network: { ...GOOD.network, hasSelfRules: false } },
    "RC405",
    "network.securityGroupHasSelfRules",
    "false",
  ],
  [
    { instanceType: "trn2.48xlarge", ...NEURON, storage: [OVER_EFA] },
    "RC406",
    "storage[0]",
    "FSx for Lustre with EFA",
  ],
  [{ instanceType: "p4d.24xlarge", storage: [OVER_EFA] }, "RC406", "storage[0]", "FSx for Lustre with EFA"],
  [{ instanceType: "trn2.48xlarge" }, "RC407", "machineImage", "x86_64 with the nvidia driver"],
  [{ machineImage: { amiId: "ami-12" } }, "RC408", "machineImage", "'ami-12'"],
  [{ rootVolumeGiB: 50 }, "RC409", "rootVolumeGiB", "50"],
  [{ headAddress: "10.20.0.3" }, "RC410", "headAddress", "'10.20.0.3'"],
  [
    { network: { ...GOOD.network, subnetCidr: "10.20.0.0/28" }, nicLayout: NicLayout.MAXIMUM_IP },
    "RC411",
    "nodes",
    "4 machines of 8 addresses",
  ],
  [
    { storage: [{ path: "storage[0]", isReachedByEfa: false, availabilityZone: "us-east-1c" }] },
    "RC413",
    "storage[0]",
    "'us-east-1c'",
  ],
  [
    { capacity: { kind: "spot", interruption: SpotInterruption.STOP } },
    "RC420",
    "capacity.interruption",
    "'stop'",
  ],
  [
    {
      instanceType: "p6e-gb200.36xlarge",
      ...ARM,
      capacity: { kind: "spot", interruption: SpotInterruption.TERMINATE },
    },
    "RC421",
    "capacity",
    "spot",
  ],
  [
    { instanceType: "g6e.48xlarge", capacity: { kind: "capacity-block", id: RESERVATION } },
    "RC422",
    "capacity",
    "a Capacity Block",
  ],
  [{ instanceType: "p6e-gb200.36xlarge", ...ARM }, "RC423", "capacity", "'on-demand'"],
  [{ capacity: { kind: "ultra-server-block", id: GROUP } }, "RC414", "capacity", "'ultra-server-block'"],
  [{ capacity: { kind: "capacity-block", id: "cb-1" } }, "RC424", "capacity.id", "'cb-1'"],
  [{ nodes: 0 }, "RC412", "nodes", "0"],
  [
    { instanceType: "p6e-gb200.36xlarge", ...ARM, capacity: { kind: "ultra-server-block", id: "cr-1" } },
    "RC415",
    "capacity.id",
    "'cr-1'",
  ],
];

const GOOD_ONES: readonly [string, Partial<PoolSpec>][] = [
  ["a pool without mistakes", {}],
  ["a public address on a single interface", { instanceType: "g6.48xlarge", publicIp: true }],
  [
    "spot that stops, of one machine outside of every group",
    {
      nodes: 1,
      capacity: { kind: "spot", interruption: SpotInterruption.STOP },
      network: { ...GOOD.network, hasPlacementGroup: false },
    },
  ],
  [
    "values that are known only at apply",
    { capacity: { kind: "capacity-block" }, network: { hasPlacementGroup: true, hasSelfRules: true } },
  ],
  [
    "GB200 in an UltraServer block",
    { instanceType: "p6e-gb200.36xlarge", ...ARM, capacity: { kind: "ultra-server-block", id: GROUP } },
  ],
  ["EFA storage on p5", { storage: [OVER_EFA] }],
  ["EFA storage on p6-b300", { instanceType: "p6-b300.48xlarge", storage: [OVER_EFA] }],
  ["TCP without self rules", { fabric: "tcp", network: { ...GOOD.network, hasSelfRules: false } }],
];

describe("rules of a node pool", () => {
  const check = (props: Partial<PoolSpec>) => checkNodePool({ ...GOOD, ...props });

  describeRules(
    [POOL_TOPIC, NODE_POOL_TOPIC, CAPACITY_TOPIC],
    CASES,
    check,
    join(__dirname, "pool-rules.golden.txt"),
  );

  it.each(GOOD_ONES)("accept %s", (_, props) => {
    expect(check(props)).toEqual([]);
  });

  it("report every storage that does not fit", () => {
    const storage = ["a", "b"].map((path) => ({ path, isReachedByEfa: true }));
    expect(check({ instanceType: "p4d.24xlarge", storage }).map(({ path }) => path)).toEqual(["a", "b"]);
  });
});

it("a pool of a cluster is reported where the cluster declares it", () => {
  const paths = {
    instanceType: "pools[1].machineType",
    nodes: "pools[1].nodes",
    place: "backend.",
    options: "backend.pools[0].",
  };
  const pathOf = (props: Partial<PoolSpec>) =>
    checkPool({ ...GOOD, ...props }, paths).map(({ path }) => path);
  expect(pathOf({ instanceType: "p5.48xlarg" })).toEqual(["pools[1].machineType"]);
  expect(pathOf({ network: { ...GOOD.network, subnetCidr: "10.20.0.0/28" }, nodes: 40 })).toEqual([
    "pools[1].nodes",
  ]);
  expect(pathOf({ network: { ...GOOD.network, hasSelfRules: false } })).toEqual([
    "backend.network.securityGroupHasSelfRules",
  ]);
  expect(pathOf({ headAddress: "10.20.0.3" })).toEqual(["backend.headAddress"]);
  expect(pathOf({ rootVolumeGiB: 50 })).toEqual(["backend.pools[0].rootVolumeGiB"]);
  expect(pathOf({ capacity: { kind: "capacity-block", id: "cb-1" } })).toEqual([
    "backend.pools[0].capacity.id",
  ]);
  // The topology judges the number of nodes.
  expect(pathOf({ nodes: 0 })).toEqual([]);
});
