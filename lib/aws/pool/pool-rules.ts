import { allInstanceTypes } from "../../catalog/instance-types";
import { isWhole, unless } from "../../problems/checks";
import { lateProblems } from "../../problems/late-values";
import type { Problem } from "../../problems/problem";
import { errorRule, judge, type Topic } from "../../problems/rule";
import { didYouMean, oneOf, show } from "../../problems/text";
import { addressText, isAddress, isHostAddress, parseSubnet } from "../../topology/plan/addressing";
import { MAXIMUM_NODES } from "../../topology/plan/limits";
import { fits, known } from "../known";
import type { IClusterNetwork } from "../network/network-props";
import { isAwsStorage } from "../storage/storage";
import { CAPACITY_TOPIC } from "./capacity-rules";
import { addressesOf, nicLayout, NicLayout } from "./nic-layout";
import type { PoolMachines, PoolPaths } from "./pool-machines";

/** Addresses that AWS keeps at the beginning and at the end of every subnet. */
const RESERVED_AT_START = 4;
const RESERVED = 5;

/** Sizes in GiB of a volume of the type gp3, and what an image of unknown size needs at least. */
const LARGEST_VOLUME_GIB = 16_384;
const SMALLEST_ROOT_GIB = 8;

/** What must hold for the machines of a pool. A value that is known only at apply is not judged. */
export const POOL_TOPIC: Topic<PoolMachines, PoolPaths> = {
  title: "EC2: node pools",
  rules: [
    errorRule("RC400", {
      title: "The instance type is in the catalogue or declared",
      why: "Network interfaces, machine image, device checks and price follow from its facts.",
      check: ({ instanceType, facts }, paths) => {
        const types = allInstanceTypes().map(({ id }) => id);
        return unless(instanceType === "" || facts.type !== undefined, {
          path: paths.instanceType,
          got: show(instanceType),
          must: "be an instance type of the catalogue, or one of instanceTypes",
          fix: didYouMean(
            instanceType,
            types,
            "describe it by AwsInstanceType.fromFacts and name that in instanceTypes",
          ),
        });
      },
    }),
    errorRule("RC401", {
      title: "The instance type has the declared fabric",
      why: "EC2 has no InfiniBand or RoCE, and only some instance types have EFA interfaces.",
      check: ({ fabric, instanceType, facts: { network } }) => {
        const fabrics = network?.efaCards.length ? ["efa", "tcp"] : ["tcp"];
        return unless(network === undefined || fabrics.includes(fabric.id), {
          path: "fabric",
          got: show(fabric.id),
          must: `be ${oneOf(fabrics)} on ${instanceType}`,
          fix: fabrics.includes("efa") ? "use Fabric.EFA" : "use an instance type with EFA, or Fabric.TCP",
        });
      },
    }),
    errorRule("RC402", {
      title: "The instance type has the layout of network interfaces",
      why: "EC2 refuses an interface on a network card that does not take it.",
      check: ({ instanceType, nicLayout: layout, nics, facts: { network } }, { options }) => {
        const layouts = Object.values(NicLayout).filter(
          (other) => network && nicLayout(network, other, true),
        );
        return unless(nics !== undefined || layouts.length === 0, {
          path: `${options}nicLayout`,
          got: show(layout),
          must: `be ${oneOf(layouts)} on ${instanceType}`,
          fix: "leave it out for the layout that AWS recommends",
        });
      },
    }),
    errorRule("RC403", {
      title: "A machine with several network interfaces has no public address",
      why: "EC2 assigns a public address only to a machine with a single interface, and refuses the launch otherwise.",
      check: ({ instanceType, publicIp, nics = [] }, { options }) =>
        unless(!publicIp || nics.length < 2, {
          path: `${options}publicIp`,
          got: "true",
          must: `be false on ${instanceType}, which has ${nics.length} network interfaces`,
          fix: "leave it out; the machines reach other networks through NAT or VPC endpoints",
        }),
    }),
    errorRule("RC404", {
      title: "The reservation is in the zone of the network",
      why: "A reservation holds machines of one zone and cannot be moved.",
      check: ({ capacity: { availabilityZone: zone }, network }, { options }) =>
        unless(isSameZone(zone, network.availabilityZone), {
          path: `${options}capacity.availabilityZone`,
          got: show(zone),
          must: `be the zone of the network, '${network.availabilityZone}'`,
          fix: "create the network in the zone of the reservation",
        }),
    }),
    errorRule("RC405", {
      title: "With EFA the security group allows all traffic from and to itself",
      why: "EFA traffic passes only through rules that name the group itself; a CIDR does not count, not even 0.0.0.0/0.",
      check: ({ fabric, network }, { place }) =>
        unless(fabric.id !== "efa" || network.securityGroupHasSelfRules, {
          path: `${place}network.securityGroupHasSelfRules`,
          got: "false",
          must: "be true for EFA: all traffic from and to the group itself",
          fix: "add both rules by the group's id and set it to true, or leave securityGroupId out",
        }),
    }),
    errorRule("RC406", {
      title: "The instance type reaches a file system over EFA",
      why: "FSx for Lustre over EFA needs EFA and Nitro 4 or later, and does not support trn2.",
      check: ({ instanceType, ...machines }) => {
        const { type, network } = machines.facts;
        const hasEfa = (network?.efaCards.length ?? 0) > 0;
        const isSupported =
          type === undefined || (hasEfa && type.nitro >= 4 && !instanceType.startsWith("trn2"));
        return storageOf(machines).flatMap(({ path, one }) =>
          unless(isSupported || !one.isReachedByEfa, {
            path,
            got: "FSx for Lustre with EFA",
            must: `be reached over TCP from ${instanceType}`,
            fix: "leave efa out of the file system",
          }),
        );
      },
    }),
    errorRule("RC407", {
      title: "The machine image fits the processor and the accelerators",
      why: "An image of another architecture does not boot, and one with another driver shows no accelerators.",
      check: ({ instanceType, machineImage, facts: { type } }, { options }) => {
        const driver = /^(trn|inf)/.test(instanceType) ? "neuron" : "nvidia";
        const fits =
          (machineImage.architecture ?? type?.architecture) === type?.architecture &&
          (type?.accelerator === null || (machineImage.driver ?? driver) === driver);
        return unless(type === undefined || fits, {
          path: `${options}machineImage`,
          got: `${machineImage.architecture} with the ${machineImage.driver} driver`,
          must: `be ${type?.architecture} with the ${driver} driver for ${instanceType}`,
          fix: "leave it out for the image that fits",
        });
      },
    }),
    errorRule("RC408", {
      title: "A pinned machine image is named by its id",
      why: "EC2 launches nothing from another name.",
      check: ({ machineImage: { amiId } }, { options }) =>
        unless(fits(amiId, /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/), {
          path: `${options}machineImage`,
          got: show(amiId),
          must: "be an id such as 'ami-0123456789abcdef0'",
          fix: "copy the id from the EC2 console, in the region that you deploy to",
        }),
    }),
    errorRule("RC409", {
      title: "The root volume holds the machine image",
      why: "EC2 refuses a volume that is smaller than the snapshot of the image, or larger than gp3 allows.",
      check: ({ machineImage, rootVolumeGiB }, { options }) => {
        const minimum = machineImage.minimumRootGiB ?? SMALLEST_ROOT_GIB;
        return unless(isWhole(rootVolumeGiB, minimum, LARGEST_VOLUME_GIB), {
          path: `${options}rootVolumeGiB`,
          got: show(rootVolumeGiB),
          must: `be a whole number from ${minimum} to ${LARGEST_VOLUME_GIB}`,
          fix: "leave it out for 200",
        });
      },
    }),
    errorRule("RC410", {
      title: "The head's address is in the subnet and not reserved by AWS",
      why: "EC2 assigns no address outside the subnet, and keeps its first four and its last one.",
      check: ({ headAddress, network }, { place }) => {
        const subnet = subnetOf(network);
        const address = known(headAddress);
        if (address === undefined || subnet === undefined) {
          return [];
        }
        const usable = { ...subnet, network: subnet.network + RESERVED_AT_START - 1 };
        return unless(isAddress(address) && isHostAddress(usable, address), {
          path: `${place}headAddress`,
          got: show(address),
          must: `be in ${network.subnetCidr}, without its first four addresses and its last one`,
          fix: `use e.g. '${addressText(subnet.network + 10)}'`,
        });
      },
    }),
    errorRule("RC411", {
      title: "The subnet has an address for every interface with IP",
      why: "Machines for which no address is left do not start.",
      check: ({ network, nodes, nics = [] }, paths) => {
        const subnet = subnetOf(network);
        const free = subnet === undefined ? Infinity : 2 ** (32 - subnet.prefix) - RESERVED;
        return unless(!(nodes * addressesOf(nics) > free), {
          path: paths.nodes,
          got: `${nodes} machines of ${addressesOf(nics)} addresses`,
          must: `fit into ${network.subnetCidr}, which has ${free} free addresses`,
          fix: "use a larger subnet, or NicLayout.RECOMMENDED",
        });
      },
    }),
    errorRule("RC413", {
      title: "Storage is in the zone of the machines",
      why: "The machines cannot mount it from another zone.",
      check: ({ network, ...machines }) =>
        storageOf(machines).flatMap(({ path, one }) =>
          unless(isSameZone(one.availabilityZone, network.availabilityZone), {
            path,
            got: show(one.availabilityZone),
            must: `be in the zone of the machines, '${network.availabilityZone}'`,
            fix: "create it in the network of the machines",
          }),
        ),
    }),
  ],
};

/** What the topology judges of a cluster's pools. */
export const NODE_POOL_TOPIC: Topic<PoolMachines> = {
  title: "EC2: node pools without a cluster",
  rules: [
    errorRule("RC412", {
      title: `A pool has 1 to ${MAXIMUM_NODES} nodes`,
      why: "A pool without nodes, or with half a node, cannot be created.",
      check: ({ nodes }) =>
        unless(isWhole(nodes, 1, MAXIMUM_NODES), {
          path: "nodes",
          got: show(nodes),
          must: `be a whole number from 1 to ${MAXIMUM_NODES}`,
          fix: "state how many machines the pool has",
        }),
    }),
  ],
};

/** Everything that is wrong with the machines of a pool. */
export function checkPool(machines: PoolMachines, paths: PoolPaths): readonly Problem[] {
  const { capacityTimeoutMinutes } = machines;
  return [
    // Other timeouts are computed from it.
    ...lateProblems({ [`${paths.options}capacityTimeoutMinutes`]: capacityTimeoutMinutes }),
    ...judge(POOL_TOPIC, machines, paths),
    ...judge(CAPACITY_TOPIC, machines, paths),
  ];
}

/** Everything that is wrong with an `AwsNodePool`. */
export function checkNodePool(machines: PoolMachines): readonly Problem[] {
  const paths = { instanceType: "instanceType", nodes: "nodes", place: "", options: "" };
  return [...checkPool(machines, paths), ...judge(NODE_POOL_TOPIC, machines, undefined)];
}

function isSameZone(zone: string | undefined, other: string | undefined): boolean {
  return known(zone) === undefined || known(other) === undefined || zone === other;
}

function subnetOf({ subnetCidr }: IClusterNetwork) {
  return parseSubnet(known(subnetCidr) ?? "");
}

/** Storage that the machines mount or fill, and where it is declared. */
function storageOf({ storage = [] }: Pick<PoolMachines, "storage">) {
  return storage.flatMap((one, index) => (isAwsStorage(one) ? [{ path: `storage[${index}]`, one }] : []));
}
