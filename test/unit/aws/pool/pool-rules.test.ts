import { SpotInterruption } from "../../../../lib/aws/pool/capacity";
import { capacityRules } from "../../../../lib/aws/pool/capacity-rules";
import { NicLayout } from "../../../../lib/aws/pool/nic-layout";
import { checkPool, poolRules } from "../../../../lib/aws/pool/pool-rules";
import type { PoolSpec } from "../../../../lib/aws/pool/pool-spec";
import { problemLine } from "../../../../lib/problems/plan-error";

const OVER_EFA = { name: "/models", isReachedByEfa: true };

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

const BAD: readonly [props: Partial<PoolSpec>, line: string][] = [
  [
    { instanceType: "p5.48xlarg" },
    "instanceType [RC400]: must be an instance type of the catalogue, got 'p5.48xlarg'; did you mean 'p5.48xlarge'?",
  ],
  [
    { instanceType: "inf2.48xlarge", ...NEURON },
    "fabric [RC401]: must be 'tcp' on inf2.48xlarge, got 'efa'; choose a type with EFA, or say Fabric.TCP",
  ],
  [
    { fabric: "infiniband" },
    "fabric [RC401]: must be 'efa' or 'tcp' on p5.48xlarge, got 'infiniband'; use Fabric.EFA",
  ],
  [
    { instanceType: "p6-b300.48xlarge", nicLayout: NicLayout.CLASSIC },
    "nicLayout [RC402]: must be 'recommended' or 'maximum-ip' on p6-b300.48xlarge, got 'classic'; leave it out for AWS's current advice",
  ],
  [
    { publicIp: true },
    "publicIp [RC403]: must be false: EC2 gives no public address to a machine with 33 network interfaces, got true; leave it out; the machines reach the outside by NAT or by endpoints",
  ],
  [
    { capacity: { kind: "reservation", id: RESERVATION, availabilityZone: "us-east-1b" } },
    "capacity.availabilityZone [RC404]: must be the zone of the network, 'us-east-1a', got 'us-east-1b'; make the network in the zone of the reservation: one cannot be moved",
  ],
  [
    { network: { ...GOOD.network, hasSelfRules: false } },
    "network.securityGroupHasSelfRules [RC405]: must be true for EFA: all traffic from the group itself and to the group itself, got false; add both rules by the group's id (a CIDR does not count), or leave securityGroupId out",
  ],
  [
    { instanceType: "trn2.48xlarge", ...NEURON, storage: [OVER_EFA] },
    "storage[0] [RC406]: must be reached over TCP by types before Nitro 4, types without EFA, and trn2, got FSx for Lustre with EFA for trn2.48xlarge; leave efa out of the file system",
  ],
  [
    { instanceType: "p4d.24xlarge", storage: [OVER_EFA] },
    "storage[0] [RC406]: must be reached over TCP by types before Nitro 4, types without EFA, and trn2, got FSx for Lustre with EFA for p4d.24xlarge; leave efa out of the file system",
  ],
  [
    { instanceType: "trn2.48xlarge" },
    "machineImage [RC407]: must be x86_64 with the neuron driver for trn2.48xlarge, got x86_64 with nvidia; leave it out for the image that fits",
  ],
  [
    { machineImage: { amiId: "ami-12" } },
    "machineImage [RC408]: must be an id such as 'ami-0123456789abcdef0', got 'ami-12'; copy the id from the console, for the region that you deploy to",
  ],
  [
    { rootVolumeGiB: 50 },
    "rootVolumeGiB [RC409]: must be a whole number from 75 to 16384, got 50; leave it out for 200",
  ],
  [
    { headAddress: "10.20.0.3" },
    "headAddress [RC410]: must be in 10.20.0.0/22, without its first four addresses and its last one, which AWS keeps, got '10.20.0.3'; choose e.g. '10.20.0.10'",
  ],
  [
    { network: { ...GOOD.network, subnetCidr: "10.20.0.0/28" }, nicLayout: NicLayout.MAXIMUM_IP },
    "nodes [RC411]: must fit into 10.20.0.0/28, which has 11 free addresses, got 4 machines of 8 addresses; make the subnet larger, or use NicLayout.RECOMMENDED",
  ],
  [
    { storage: [{ name: "/models", isReachedByEfa: false, availabilityZone: "us-east-1c" }] },
    "storage[0] [RC413]: must lie in the zone of the machines, 'us-east-1a', got 'us-east-1c'; make it in the network of the machines",
  ],
  [{ nodes: 0 }, "nodes [RC412]: must be a whole number from 1 to 1024, got 0; correct the number"],
  [
    { capacity: { kind: "spot", interruption: SpotInterruption.STOP } },
    "capacity.interruption [RC420]: must be 'terminate' in a placement group or an Auto Scaling group, got 'stop'; leave it out: the pool starts another machine",
  ],
  [
    {
      instanceType: "p6e-gb200.36xlarge",
      ...ARM,
      capacity: { kind: "spot", interruption: SpotInterruption.TERMINATE },
    },
    "capacity [RC421]: must not be spot: EC2 offers none for p6e-gb200.36xlarge, got spot; use Capacity.ultraServerBlock",
  ],
  [
    { instanceType: "g6e.48xlarge", capacity: { kind: "capacity-block", id: RESERVATION } },
    "capacity [RC422]: must be another kind: EC2 has no such blocks of g6e.48xlarge, got a capacity block; use Capacity.onDemand",
  ],
  [
    { instanceType: "p6e-gb200.36xlarge", ...ARM },
    "capacity [RC423]: must be an UltraServer's block: p6e-gb200.36xlarge cannot be launched alone, got 'on-demand'; use Capacity.ultraServerBlock",
  ],
  [
    { capacity: { kind: "ultra-server-block", id: GROUP } },
    "capacity [RC423]: must be 'on-demand', 'reservation', 'capacity-block' or 'spot': p5.48xlarge is no member of an UltraServer, got 'ultra-server-block'; use Capacity.capacityBlock",
  ],
  [
    { capacity: { kind: "capacity-block", id: "cb-1" } },
    "capacity.id [RC424]: must be the id of a reservation, such as 'cr-0123456789abcdef0', got 'cb-1'; copy it from the console, under Capacity Reservations; a deployment buys none",
  ],
];

const GOOD_ONES: readonly [string, Partial<PoolSpec>][] = [
  ["the first one", {}],
  ["a single interface with a public address", { instanceType: "g6.48xlarge", publicIp: true }],
  [
    "spot that stops, of one machine outside every group",
    {
      nodes: 1,
      capacity: { kind: "spot", interruption: SpotInterruption.STOP },
      network: { ...GOOD.network, hasPlacementGroup: false },
    },
  ],
  [
    "what is known only at apply",
    { capacity: { kind: "capacity-block" }, network: { hasPlacementGroup: true, hasSelfRules: true } },
  ],
  [
    "GB200 out of its block",
    { instanceType: "p6e-gb200.36xlarge", ...ARM, capacity: { kind: "ultra-server-block", id: GROUP } },
  ],
  ["EFA storage on p5", { storage: [OVER_EFA] }],
  ["EFA storage on p6-b300", { instanceType: "p6-b300.48xlarge", storage: [OVER_EFA] }],
  ["TCP without self rules", { fabric: "tcp", network: { ...GOOD.network, hasSelfRules: false } }],
];

it.each(BAD)("%j", (props, line) => {
  expect(checkPool({ ...GOOD, ...props }).map(problemLine)).toEqual([`  - ${line}`]);
});

it.each(GOOD_ONES)("nothing is wrong with %s", (_, props) => {
  expect(checkPool({ ...GOOD, ...props })).toEqual([]);
});

it("every rule has an id of its own and a bad input here", () => {
  const ids = [...poolRules, ...capacityRules].map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const tried = new Set(BAD.map(([, line]) => /\[(RC\d+)\]/.exec(line)?.[1]));
  expect([...tried].sort()).toEqual([...ids].sort());
});
