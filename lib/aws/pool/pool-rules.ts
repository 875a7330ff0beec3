import { allInstanceTypes, findInstanceNetwork, findInstanceType } from "../../catalog/instance-types";
import { addressText, isAddress, isHostAddress, parseSubnet } from "../../topology/plan/addressing";
import { MAXIMUM_NODES } from "../../topology/plan/limits";
import { didYouMean, oneOf, show } from "../../problems/text";
import { addressesOf, nicLayout, NicLayout } from "./nic-layout";
import type { PoolSpec } from "./pool-spec";
import { type AwsRule, applyRules } from "../rule";
import type { Problem } from "../../problems/problem";
import { capacityRules } from "./capacity-rules";

/** Addresses that AWS keeps at the beginning and at the end of every subnet. */
const RESERVED_AT_START = 4;
const RESERVED = 5;

export const poolRules: readonly AwsRule<PoolSpec>[] = [
  {
    id: "RC400",
    title: "The catalogue knows the instance type.",
    check: ({ instanceType }) => {
      const known = allInstanceTypes().map(({ id }) => id);
      return known.includes(instanceType)
        ? undefined
        : {
            path: "instanceType",
            got: show(instanceType),
            allowed: "must be an instance type of the catalogue",
            fix: didYouMean(instanceType, known, "add its rows to lib/catalog/instance-*.json"),
          };
    },
  },
  {
    id: "RC401",
    title: "The instance type has the declared fabric.",
    check: ({ fabric, instanceType }) => {
      const network = findInstanceNetwork(instanceType);
      const fabrics = network?.efaCards.length ? ["efa", "tcp"] : ["tcp"];
      return network === undefined || fabrics.includes(fabric)
        ? undefined
        : {
            path: "fabric",
            got: show(fabric),
            allowed: `must be ${oneOf(fabrics)} on ${instanceType}`,
            fix: fabrics.includes("efa") ? "use Fabric.EFA" : "choose a type with EFA, or say Fabric.TCP",
          };
    },
  },
  {
    id: "RC402",
    title: "The layout of network interfaces exists for the instance type.",
    check: ({ fabric, instanceType, nicLayout: layout }) => {
      const network = findInstanceNetwork(instanceType);
      if (fabric !== "efa" || !network?.efaCards.length || nicLayout(network, layout, true)) {
        return undefined;
      }
      const layouts = Object.values(NicLayout).filter((other) => nicLayout(network, other, true));
      return {
        path: "nicLayout",
        got: show(layout),
        allowed: `must be ${oneOf(layouts)} on ${instanceType}`,
        fix: "leave it out for AWS's current advice",
      };
    },
  },
  {
    id: "RC403",
    title: "A machine with several network interfaces gets no public address.",
    check: ({ publicIp, ...spec }) => {
      const count = nicsOf(spec)?.length ?? 1;
      return !publicIp || count === 1
        ? undefined
        : {
            path: "publicIp",
            got: "true",
            allowed: `must be false: EC2 gives no public address to a machine with ${count} network interfaces`,
            fix: "leave it out; the machines reach the outside by NAT or by endpoints",
          };
    },
  },
  {
    id: "RC404",
    title: "Machines, network and reservation are in one zone.",
    check: ({ capacity, network }) =>
      capacity.availabilityZone === undefined ||
      network.availabilityZone === undefined ||
      capacity.availabilityZone === network.availabilityZone
        ? undefined
        : {
            path: "capacity.availabilityZone",
            got: show(capacity.availabilityZone),
            allowed: `must be the zone of the network, '${network.availabilityZone}'`,
            fix: "make the network in the zone of the reservation: one cannot be moved",
          },
  },
  {
    id: "RC405",
    title: "With EFA the security group names itself, in and out.",
    check: ({ fabric, network }) =>
      fabric !== "efa" || network.hasSelfRules
        ? undefined
        : {
            path: "network.securityGroupHasSelfRules",
            got: "false",
            allowed: "must be true for EFA: all traffic from the group itself and to the group itself",
            fix: "add both rules by the group's id (a CIDR does not count), or leave securityGroupId out",
          },
  },
  {
    id: "RC406",
    title: "The machines can reach a file system over EFA.",
    check: ({ storage, instanceType }) => {
      const type = findInstanceType(instanceType);
      const network = findInstanceNetwork(instanceType);
      const can = type && network && network.efaCards.length > 0 && type.nitro >= 4 && !isTrn2(instanceType);
      const index = storage.findIndex(({ isReachedByEfa }) => isReachedByEfa);
      return index < 0 || type === undefined || can
        ? undefined
        : {
            path: `storage[${index}]`,
            got: `FSx for Lustre with EFA for ${instanceType}`,
            allowed: "must be reached over TCP by types before Nitro 4, types without EFA, and trn2",
            fix: "leave efa out of the file system",
          };
    },
  },
  {
    id: "RC407",
    title: "The machine image fits the processor and the accelerators.",
    check: ({ instanceType, machineImage }) => {
      const type = findInstanceType(instanceType);
      const driver = /^(trn|inf)/.test(instanceType) ? "neuron" : "nvidia";
      const fits =
        (machineImage.architecture ?? type?.architecture) === type?.architecture &&
        (machineImage.driver ?? driver) === driver;
      return type === undefined || fits
        ? undefined
        : {
            path: "machineImage",
            got: `${machineImage.architecture} with ${machineImage.driver}`,
            allowed: `must be ${type.architecture} with the ${driver} driver for ${instanceType}`,
            fix: "leave it out for the image that fits",
          };
    },
  },
  {
    id: "RC408",
    title: "A pinned machine image is named by its id.",
    check: ({ machineImage: { amiId } }) =>
      amiId === undefined || /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(amiId)
        ? undefined
        : {
            path: "machineImage",
            got: show(amiId),
            allowed: "must be an id such as 'ami-0123456789abcdef0'",
            fix: "copy the id from the console, for the region that you deploy to",
          },
  },
  {
    id: "RC409",
    title: "The root volume holds the machine image.",
    check: ({ machineImage, rootVolumeGiB }) => {
      const minimum = machineImage.minimumRootGiB ?? 8;
      return Number.isInteger(rootVolumeGiB) && rootVolumeGiB >= minimum && rootVolumeGiB <= 16_384
        ? undefined
        : {
            path: "rootVolumeGiB",
            got: show(rootVolumeGiB),
            allowed: `must be a whole number from ${minimum} to 16384`,
            fix: "leave it out for 200",
          };
    },
  },
  {
    id: "RC410",
    title: "The head's address is a free one of the subnet.",
    check: ({ headAddress, network }) => {
      const subnet = network.subnetCidr === undefined ? undefined : parseSubnet(network.subnetCidr);
      if (headAddress === undefined || subnet === undefined) {
        return undefined;
      }
      const isFree =
        isAddress(headAddress) &&
        isHostAddress({ ...subnet, network: subnet.network + RESERVED_AT_START - 1 }, headAddress);
      return isFree
        ? undefined
        : {
            path: "headAddress",
            got: show(headAddress),
            allowed: `must be in ${network.subnetCidr}, without its first four addresses and its last one, which AWS keeps`,
            fix: `choose e.g. '${addressText(subnet.network + 10)}'`,
          };
    },
  },
  {
    id: "RC411",
    title: "The subnet has an address for every interface with IP.",
    check: ({ network, ...spec }) => {
      const subnet = network.subnetCidr === undefined ? undefined : parseSubnet(network.subnetCidr);
      const nics = nicsOf(spec);
      if (subnet === undefined || nics === undefined) {
        return undefined;
      }
      const needed = spec.nodes * addressesOf(nics);
      const free = 2 ** (32 - subnet.prefix) - RESERVED;
      return needed <= free
        ? undefined
        : {
            path: "nodes",
            got: `${spec.nodes} machines of ${addressesOf(nics)} addresses`,
            allowed: `must fit into ${network.subnetCidr}, which has ${free} free addresses`,
            fix: "make the subnet larger, or use NicLayout.RECOMMENDED",
          };
    },
  },
  {
    id: "RC413",
    title: "Machines and storage are in one zone.",
    check: ({ network, storage }) => {
      const zone = network.availabilityZone;
      const index = storage.findIndex(
        ({ availabilityZone: other }) => zone !== undefined && other !== undefined && other !== zone,
      );
      return index < 0
        ? undefined
        : {
            path: `storage[${index}]`,
            got: show(storage[index].availabilityZone),
            allowed: `must lie in the zone of the machines, '${zone}'`,
            fix: "make it in the network of the machines",
          };
    },
  },
  {
    id: "RC412",
    title: "A pool has 1 to 1024 nodes.",
    check: ({ nodes }) =>
      Number.isInteger(nodes) && nodes >= 1 && nodes <= MAXIMUM_NODES
        ? undefined
        : {
            path: "nodes",
            got: show(nodes),
            allowed: `must be a whole number from 1 to ${MAXIMUM_NODES}`,
            fix: "correct the number",
          },
  },
];

/** Everything that is wrong with a pool. */
export function checkPool(spec: PoolSpec): readonly Problem[] {
  return applyRules([...poolRules, ...capacityRules], spec);
}

function nicsOf(spec: Pick<PoolSpec, "instanceType" | "nicLayout" | "fabric">) {
  const network = findInstanceNetwork(spec.instanceType);
  return network && nicLayout(network, spec.nicLayout, spec.fabric === "efa");
}

function isTrn2(instanceType: string): boolean {
  return instanceType.startsWith("trn2");
}
