import { findInstanceNetwork, findInstanceType } from "../../catalog/instance-types";
import { Capacity } from "./capacity";
import { known } from "../known";
import type { MachineTemplate } from "./launch-template";
import { AwsMachineImage } from "./machine-image";
import { nicLayout, NicLayout } from "./nic-layout";
import type { AwsNodePoolProps } from "./node-pool-props";
import type { PoolSpec } from "./pool-spec";

/** Nitro 6 forgets a silent connection after 350 s, which is less than Ray's are silent; older ones after 5 days. */
const FORGETFUL_NITRO = 6;
const FIVE_DAYS = 432_000;

/** A pool as its rules see it. */
export function poolSpec(props: AwsNodePoolProps): PoolSpec {
  const { capacity = Capacity.onDemand(), network } = props;
  const image = props.machineImage ?? AwsMachineImage.for(props.instanceType);
  return {
    instanceType: props.instanceType,
    nodes: props.nodes,
    fabric: props.fabric.id,
    nicLayout: props.nicLayout ?? NicLayout.RECOMMENDED,
    publicIp: props.publicIp ?? false,
    hasHead: props.headAddress !== undefined,
    headAddress: known(props.headAddress),
    capacity: {
      kind: capacity.kind,
      id: known(capacity.id),
      availabilityZone: known(capacity.availabilityZone),
      interruption: capacity.interruption,
    },
    machineImage: {
      amiId: known(image.amiId),
      architecture: image.architecture,
      driver: image.driver,
      minimumRootGiB: image.minimumRootGiB,
    },
    rootVolumeGiB: props.rootVolumeGiB ?? 200,
    network: {
      availabilityZone: known(network.availabilityZone),
      subnetCidr: known(network.subnetCidr),
      hasPlacementGroup: network.placementGroupName !== undefined && !capacity.bringsPlacement,
      hasSelfRules: network.securityGroupHasSelfRules,
    },
    storage: (props.storage ?? []).map((storage) => ({
      name: storage.mountPath,
      isReachedByEfa: storage.isReachedByEfa,
      availabilityZone: known(storage.availabilityZone),
    })),
  };
}

/** What the machines of a pool are started from, whatever their role. */
export function machineTemplate(
  props: AwsNodePoolProps,
  spec: PoolSpec,
): Omit<MachineTemplate, "name" | "instanceProfile"> {
  const { instanceType, network, capacity = Capacity.onDemand() } = props;
  const cards = findInstanceNetwork(instanceType);
  const nics = cards && nicLayout(cards, spec.nicLayout, spec.fabric === "efa");
  if (nics === undefined) {
    throw new Error(`no network interfaces for ${instanceType}: the rules have let it pass`);
  }
  return {
    instanceType,
    network,
    capacity,
    nics,
    machineImage: props.machineImage ?? AwsMachineImage.for(instanceType),
    publicIp: spec.publicIp,
    rootVolumeGiB: spec.rootVolumeGiB,
    rootVolumeKmsKeyArn: props.rootVolumeKmsKeyArn,
    userData: props.userData,
    idleConnectionSeconds:
      (findInstanceType(instanceType)?.nitro ?? 0) >= FORGETFUL_NITRO ? FIVE_DAYS : undefined,
  };
}
