import type { LaunchTemplateConfig } from "@cdktf/provider-aws/lib/launch-template";
import type { Capacity } from "./capacity";
import type { Nic } from "./nic-layout";
import type { PoolMachines } from "./pool-machines";

/** Nitro 6 forgets a silent connection after 350 s, which is less than Ray's are silent; older ones after 5 days. */
const FORGETFUL_NITRO = 6;
const FIVE_DAYS = 432_000;

/** The machines of a pool in one role, whose own user data it has. */
export interface MachineTemplate extends PoolMachines {
  readonly name: string;
  readonly nics: readonly Nic[];
  readonly instanceProfile: string;
  /** What it boots. */
  readonly imageId: string;
  /** Of a machine outside a group, whose template names subnet and address. @default - the group chooses both */
  readonly fixedAddress?: string;
}

/**
 * A machine as a launch template describes it. EFA interfaces cannot be attached later, so all of them are in here, each
 * with the security group; EC2 refuses a subnet or a security group beside them.
 */
export function launchTemplateConfig(template: MachineTemplate): LaunchTemplateConfig {
  const tags = { Name: template.name };
  return {
    namePrefix: `${template.name}-`,
    description: `Machines of '${template.name}'`,
    updateDefaultVersion: true,
    imageId: template.imageId,
    instanceType: template.instanceType,
    userData: template.userData,
    ebsOptimized: "true",
    iamInstanceProfile: { name: template.instanceProfile },
    // A container on the host's network is no further hop; one with a network of its own must not reach the role.
    metadataOptions: METADATA_OPTIONS,
    monitoring: { enabled: true },
    blockDeviceMappings: [
      {
        deviceName: template.machineImage.rootDeviceName,
        ebs: {
          volumeSize: template.rootVolumeGiB,
          volumeType: "gp3",
          ...ROOT_VOLUME_SPEED,
          encrypted: "true",
          kmsKeyId: template.rootVolumeKmsKeyArn,
          deleteOnTermination: "true",
        },
      },
    ],
    networkInterfaces: template.nics.map((nic) => networkInterface(nic, template)),
    placement: placementOf(template),
    // A group with an order of its own has it beside the template.
    capacityReservationSpecification:
      template.capacity.fallsBackToOnDemand && template.fixedAddress === undefined
        ? undefined
        : reservationOf(template.capacity),
    instanceMarketOptions: marketOf(template.capacity),
    tagSpecifications: ["instance", "volume", "network-interface"].map((resourceType) => ({
      resourceType,
      tags,
    })),
    tags,
  };
}

/**
 * An image of 20 GB is pulled to it and unpacked while the machine is paid: eight times what gp3 has by itself. Each MiB/s takes
 * four operations (docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html).
 */
export const ROOT_VOLUME_SPEED = { throughput: 1000, iops: 4000 };

/** IMDSv2 only, and only for the machine itself. */
export const METADATA_OPTIONS = {
  httpEndpoint: "enabled",
  httpTokens: "required",
  httpPutResponseHopLimit: 1,
};

type NetworkInterfaces = Exclude<LaunchTemplateConfig["networkInterfaces"], undefined>;
type NetworkInterface = Extract<NetworkInterfaces, unknown[]>[number];

function networkInterface(nic: Nic, template: MachineTemplate): NetworkInterface {
  const isPrimary = nic.networkCard === 0 && nic.deviceIndex === 0;
  const { fixedAddress } = template;
  const isForgetful = (template.facts.type?.nitro ?? 0) >= FORGETFUL_NITRO;
  return {
    networkCardIndex: nic.networkCard,
    deviceIndex: nic.deviceIndex,
    interfaceType: nic.type,
    securityGroups: [template.network.securityGroupId],
    deleteOnTermination: "true",
    subnetId: fixedAddress === undefined ? undefined : template.network.subnetId,
    privateIpAddress: isPrimary ? fixedAddress : undefined,
    // With several interfaces EC2 refuses the property, whatever its value.
    associatePublicIpAddress: template.nics.length === 1 ? String(template.publicIp) : undefined,
    connectionTrackingSpecification:
      isForgetful && nic.type !== "efa-only" ? { tcpEstablishedTimeout: FIVE_DAYS } : undefined,
  };
}

/**
 * EC2 refuses a placement group beside a block, and finds no capacity in one in which a reservation was not created
 * (docs.aws.amazon.com/AWSEC2/latest/UserGuide/cr-cpg.html).
 */
function placementOf({ capacity, network }: MachineTemplate): LaunchTemplateConfig["placement"] {
  const groupName = capacity.bringsPlacement ? capacity.placementGroupName : network.placementGroupName;
  return groupName === undefined ? undefined : { groupName };
}

function reservationOf({ kind, id }: Capacity): LaunchTemplateConfig["capacityReservationSpecification"] {
  const target =
    kind === "ultra-server-block"
      ? { capacityReservationResourceGroupArn: id }
      : { capacityReservationId: id };
  return id === undefined ? undefined : { capacityReservationTarget: target };
}

function marketOf(capacity: Capacity): LaunchTemplateConfig["instanceMarketOptions"] {
  const { isBlock, interruption } = capacity;
  if (isBlock) {
    return { marketType: "capacity-block" };
  }
  return interruption === undefined
    ? undefined
    : {
        marketType: "spot",
        spotOptions: {
          spotInstanceType: interruption === "terminate" ? "one-time" : "persistent",
          instanceInterruptionBehavior: interruption,
        },
      };
}
