import { join } from "node:path";
import { Token } from "cdktf";
import type { IClusterNetwork } from "../../../../lib/aws/network/network-props";
import { Capacity, SpotInterruption } from "../../../../lib/aws/pool/capacity";
import { CAPACITY_TOPIC } from "../../../../lib/aws/pool/capacity-rules";
import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import { AwsMachineImage } from "../../../../lib/aws/pool/machine-image";
import { NicLayout } from "../../../../lib/aws/pool/nic-layout";
import type { AwsNodePoolProps } from "../../../../lib/aws/pool/node-pool-props";
import { poolMachines } from "../../../../lib/aws/pool/pool-machines";
import { checkNodePool, checkPool, NODE_POOL_TOPIC, POOL_TOPIC } from "../../../../lib/aws/pool/pool-rules";
import type { IAwsStorage } from "../../../../lib/aws/storage/storage";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { describeRules, type RuleCase } from "../support/rule-cases";

/** Known only at apply. */
const LATE = Token.asString({ resolve: () => "later" });
const storage = (change: Partial<IAwsStorage>): IAwsStorage => ({
  hostPath: "/mnt/models",
  mountPath: "/models",
  isShared: true,
  isReachedByEfa: false,
  ...change,
});
const OVER_EFA = storage({ isReachedByEfa: true });

const NETWORK: IClusterNetwork = {
  vpcId: "vpc-0123456789abcdef0",
  subnetId: "subnet-0123456789abcdef0",
  subnetCidr: "10.20.0.0/22",
  availabilityZone: "us-east-1a",
  securityGroupId: "sg-0123456789abcdef0",
  securityGroupHasSelfRules: true,
  placementGroupName: "close",
};
const GOOD: AwsNodePoolProps = {
  network: NETWORK,
  instanceType: "p5.48xlarge",
  nodes: 4,
  fabric: Fabric.EFA,
  headAddress: "10.20.0.10",
  machineImage: AwsMachineImage.nvidiaUbuntu2404(),
};
const NEURON = { machineImage: AwsMachineImage.neuronUbuntu2404() };
const ARM = { machineImage: AwsMachineImage.for("p6e-gb200.36xlarge") };
const SMALL = { name: "m9.large", vCpus: 2, memoryGiB: 8 };
const RESERVATION = "cr-0123456789abcdef0";
const GROUP = "arn:aws:resource-groups:us-east-1:111122223333:group/us";

const CASES: readonly RuleCase<Partial<AwsNodePoolProps>>[] = [
  [
    { capacity: Capacity.capacityBlock(RESERVATION, { endsAt: "24 December" }) },
    "RC482",
    "capacity.endsAt",
    "'24 December'",
  ],
  [{ instanceType: "p5.48xlarg" }, "RC400", "instanceType", "'p5.48xlarg'"],
  [{ instanceType: "inf2.48xlarge", ...NEURON }, "RC401", "fabric", "'efa'"],
  [{ fabric: Fabric.INFINIBAND }, "RC401", "fabric", "'infiniband'"],
  [
    { instanceType: "m9.large", instanceTypes: [AwsInstanceType.fromFacts(SMALL)] },
    "RC401",
    "fabric",
    "'efa'",
  ],
  [{ instanceType: "p6-b300.48xlarge", nicLayout: NicLayout.CLASSIC }, "RC402", "nicLayout", "'classic'"],
  [{ publicIp: true }, "RC403", "publicIp", "true"],
  [
    { capacity: Capacity.reservation(RESERVATION, { availabilityZone: "us-east-1b" }) },
    "RC404",
    "capacity.availabilityZone",
    "'us-east-1b'",
  ],
  [
    { network: { ...NETWORK, securityGroupHasSelfRules: false } },
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
  [
    { machineImage: AwsMachineImage.ami("ami-12", { rootDeviceName: "/dev/xvda" }) },
    "RC408",
    "machineImage",
    "'ami-12'",
  ],
  [{ rootVolumeGiB: 50 }, "RC409", "rootVolumeGiB", "50"],
  [{ headAddress: "10.20.0.3" }, "RC410", "headAddress", "'10.20.0.3'"],
  [
    { network: { ...NETWORK, subnetCidr: "10.20.0.0/28" }, nicLayout: NicLayout.MAXIMUM_IP },
    "RC411",
    "nodes",
    "4 machines of 8 addresses",
  ],
  [{ storage: [storage({ availabilityZone: "us-east-1c" })] }, "RC413", "storage[0]", "'us-east-1c'"],
  [
    { capacity: Capacity.spot({ interruption: SpotInterruption.STOP }) },
    "RC420",
    "capacity.interruption",
    "'stop'",
  ],
  [
    {
      instanceType: "p6e-gb200.36xlarge",
      ...ARM,
      capacity: Capacity.spot(),
    },
    "RC421",
    "capacity",
    "spot",
  ],
  [
    { instanceType: "g6e.48xlarge", capacity: Capacity.capacityBlock(RESERVATION) },
    "RC422",
    "capacity",
    "a Capacity Block",
  ],
  [{ instanceType: "p6e-gb200.36xlarge", ...ARM }, "RC423", "capacity", "'on-demand'"],
  [{ capacity: Capacity.ultraServerBlock(GROUP) }, "RC414", "capacity", "'ultra-server-block'"],
  [{ capacity: Capacity.capacityBlock("cb-1") }, "RC424", "capacity.id", "'cb-1'"],
  [{ nodes: 0 }, "RC412", "nodes", "0"],
  [
    { instanceType: "p6e-gb200.36xlarge", ...ARM, capacity: Capacity.ultraServerBlock("cr-1") },
    "RC415",
    "capacity.id",
    "'cr-1'",
  ],
];

const GOOD_ONES: readonly [string, Partial<AwsNodePoolProps>][] = [
  ["a pool without mistakes", {}],
  ["a public address on a single interface", { instanceType: "g6.48xlarge", publicIp: true }],
  [
    "spot that stops, of one machine outside of every group",
    {
      nodes: 1,
      capacity: Capacity.spot({ interruption: SpotInterruption.STOP }),
      network: { ...NETWORK, placementGroupName: undefined },
    },
  ],
  [
    "values that are known only at apply",
    {
      capacity: Capacity.capacityBlock(LATE, { availabilityZone: LATE }),
      headAddress: LATE,
      machineImage: AwsMachineImage.ami(LATE, { rootDeviceName: "/dev/xvda" }),
      network: { ...NETWORK, availabilityZone: LATE, subnetCidr: LATE },
      storage: [storage({ availabilityZone: LATE })],
    },
  ],
  [
    "GB200 in an UltraServer block",
    { instanceType: "p6e-gb200.36xlarge", ...ARM, capacity: Capacity.ultraServerBlock(GROUP) },
  ],
  ["EFA storage on p5", { storage: [OVER_EFA] }],
  ["a type without accelerators", { instanceType: "m7i.2xlarge", fabric: Fabric.TCP }],
  [
    "a declared type without EFA",
    { instanceType: "m9.large", instanceTypes: [AwsInstanceType.fromFacts(SMALL)], fabric: Fabric.TCP },
  ],
  [
    "a declared type with EFA",
    { instanceType: "m9.large", instanceTypes: [AwsInstanceType.fromFacts({ ...SMALL, efaCards: [0] })] },
  ],
  ["EFA storage on p6-b300", { instanceType: "p6-b300.48xlarge", storage: [OVER_EFA] }],
  [
    "TCP without self rules",
    { fabric: Fabric.TCP, network: { ...NETWORK, securityGroupHasSelfRules: false } },
  ],
];

describe("rules of a node pool", () => {
  const check = (props: Partial<AwsNodePoolProps>) => checkNodePool(poolMachines({ ...GOOD, ...props }));

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
    const two = [HostPathStorage.perNode(), OVER_EFA, OVER_EFA];
    expect(check({ instanceType: "p4d.24xlarge", storage: two }).map(({ path }) => path)).toEqual([
      "storage[1]",
      "storage[2]",
    ]);
  });
});

it("a pool of a cluster is reported where the cluster declares it", () => {
  const paths = {
    instanceType: "pools[1].machineType",
    nodes: "pools[1].nodes",
    place: "backend.",
    options: "backend.pools[0].",
  };
  const pathsOf = (props: Partial<AwsNodePoolProps>) =>
    checkPool(poolMachines({ ...GOOD, ...props }), paths).map(({ path }) => path);
  expect(pathsOf({ instanceType: "p5.48xlarg" })).toEqual(["pools[1].machineType"]);
  expect(pathsOf({ network: { ...NETWORK, subnetCidr: "10.20.0.0/28" }, nodes: 40 })).toEqual([
    "pools[1].nodes",
  ]);
  expect(pathsOf({ network: { ...NETWORK, securityGroupHasSelfRules: false } })).toEqual([
    "backend.network.securityGroupHasSelfRules",
  ]);
  expect(pathsOf({ headAddress: "10.20.0.3" })).toEqual(["backend.headAddress"]);
  expect(pathsOf({ rootVolumeGiB: 50 })).toEqual(["backend.pools[0].rootVolumeGiB"]);
  expect(pathsOf({ capacity: Capacity.capacityBlock("cb-1") })).toEqual(["backend.pools[0].capacity.id"]);
  // The topology judges the number of nodes.
  expect(pathsOf({ nodes: 0 })).toEqual([]);
});
