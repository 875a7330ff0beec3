import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { Annotations, Token } from "cdktf";
import { Construct } from "constructs";
import { findInstanceNetwork, findInstanceType } from "../catalog/instance-types";
import { constrainProvider } from "../terraform/provider-versions";
import type { Fabric } from "../topology/fabric";
import { problemLine } from "../topology/plan-error";
import { Capacity } from "./capacity";
import { InstanceRole } from "./instance-role";
import { known } from "./known";
import { launchTemplateConfig, type MachineTemplate, METADATA_OPTIONS } from "./launch-template";
import { AwsMachineImage } from "./machine-image";
import type { IClusterNetwork } from "./network-props";
import { nicLayout, NicLayout } from "./nic-layout";
import type { Permission } from "./policy";
import { checkPool } from "./pool-rules";
import type { PoolSpec } from "./pool-spec";
import { refuse } from "./problems";
import type { IAwsStorage } from "./storage";

/** Machines that are alike, with their network interfaces. */
export interface AwsNodePoolProps {
  readonly network: IClusterNetwork;
  /** E.g. `p5.48xlarge`. */
  readonly instanceType: string;
  /** Number of machines, 1 to 1000, the head among them. */
  readonly nodes: number;
  /** `Fabric.EFA`, or `Fabric.TCP` where you say so. */
  readonly fabric: Fabric;
  /**
   * Address of the head, if this pool has it: a machine of its own, with this address in the subnet.
   *
   * @default - all machines are workers
   */
  readonly headAddress?: string;
  /**
   * How the machines are paid for.
   *
   * @default Capacity.onDemand()
   */
  readonly capacity?: Capacity;
  /**
   * What the machines boot.
   *
   * @default - the image of the catalogue that fits the type, looked up when a machine starts
   */
  readonly machineImage?: AwsMachineImage;
  /**
   * What the workers run at boot, in base64, possibly of gzip.
   *
   * @default - nothing
   */
  readonly userData?: string;
  /**
   * What the head runs at boot, in base64, possibly of gzip.
   *
   * @default - the same as the workers
   */
  readonly headUserData?: string;
  /**
   * Shared storage that the machines mount; here only what it asks of the machines.
   *
   * @default - none
   */
  readonly storage?: readonly IAwsStorage[];
  /**
   * What the machines may do besides being reached by Session Manager.
   *
   * @default - nothing
   */
  readonly permissions?: readonly Permission[];
  /**
   * What the head may do besides that; it then has a role of its own.
   *
   * @default - nothing
   */
  readonly headPermissions?: readonly Permission[];
  /**
   * Layout of the network interfaces.
   *
   * @default NicLayout.RECOMMENDED
   */
  readonly nicLayout?: NicLayout;
  /**
   * Whether the machines get public addresses. EC2 gives none to a machine with several network interfaces.
   *
   * @default false
   */
  readonly publicIp?: boolean;
  /**
   * Root volume of each machine, encrypted.
   *
   * @default 200
   */
  readonly rootVolumeGiB?: number;
  /**
   * ARN of a KMS key for the root volumes.
   *
   * @default - the key of EBS
   */
  readonly rootVolumeKmsKeyArn?: string;
}

/** Nitro 6 forgets a silent connection after 350 s, which is less than Ray's are silent; older ones after 5 days. */
const FORGETFUL_NITRO = 6;
const FIVE_DAYS = 432_000;

/**
 * Machines with EFA, without a cluster on them: one launch template per role, an Auto Scaling group of fixed size for
 * the workers (a machine that is lost is replaced), and the head at its address. How many Terraform resources that
 * are does not depend on the number of machines. The construct's id is the name of what is created.
 */
export class AwsNodePool extends Construct {
  /** Id of the head's machine. @default - this pool has no head */
  public readonly headInstanceId?: string;
  /** Name of the workers' Auto Scaling group. @default - the head is alone */
  public readonly autoScalingGroupName?: string;

  /** @throws AwsPlanError with everything that is wrong with the declaration */
  public constructor(scope: Construct, id: string, props: AwsNodePoolProps) {
    super(scope, id);
    constrainProvider(this, "aws");
    const spec = poolSpec(props);
    for (const warning of refuse(`node pool '${id}'`, checkPool(spec))) {
      Annotations.of(this).addWarning(problemLine(warning).trim());
    }
    const permissions = props.permissions ?? [];
    const template = machineTemplate(props, spec);
    const workers = props.nodes - (props.headAddress === undefined ? 0 : 1);
    const needsOwnRole = (props.headPermissions ?? []).length > 0;
    const role =
      workers > 0 || !needsOwnRole ? new InstanceRole(this, "role", { name: id, permissions }) : undefined;
    if (props.headAddress !== undefined) {
      const headRole = needsOwnRole
        ? new InstanceRole(this, "head-role", {
            name: `${id}-head`,
            permissions: [...permissions, ...(props.headPermissions ?? [])],
          })
        : role;
      this.headInstanceId = this.head(id, {
        ...template,
        instanceProfile: profileOf(headRole),
        fixedAddress: props.headAddress,
        userData: props.headUserData ?? props.userData,
      }).id;
    }
    if (workers > 0) {
      const machines = { ...template, instanceProfile: profileOf(role) };
      this.autoScalingGroupName = this.workers(id, machines, workers).name;
    }
  }

  private head(name: string, settings: Omit<MachineTemplate, "name">): Instance {
    const template = new LaunchTemplate(
      this,
      "head-template",
      launchTemplateConfig({ ...settings, name: `${name}-head` }),
    );
    return new Instance(this, "head", {
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      // Said once more, because policy checks look at the machine and not at its template.
      metadataOptions: METADATA_OPTIONS,
      monitoring: true,
      ebsOptimized: true,
      iamInstanceProfile: settings.instanceProfile,
      rootBlockDevice: {
        encrypted: true,
        volumeSize: settings.rootVolumeGiB,
        volumeType: "gp3",
        kmsKeyId: settings.rootVolumeKmsKeyArn,
      },
      tags: { Name: `${name}-head` },
    });
  }

  private workers(name: string, settings: Omit<MachineTemplate, "name">, count: number): AutoscalingGroup {
    const template = new LaunchTemplate(this, "worker-template", launchTemplateConfig({ ...settings, name }));
    return new AutoscalingGroup(this, "workers", {
      namePrefix: `${name}-`,
      minSize: count,
      maxSize: count,
      desiredCapacity: count,
      // One subnet, hence one zone.
      vpcZoneIdentifier: [settings.network.subnetId],
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      healthCheckType: "EC2",
      waitForCapacityTimeout: "30m",
      // A cluster of two versions never forms: replace them all, and free reserved places first.
      instanceRefresh: {
        strategy: "Rolling",
        preferences: { minHealthyPercentage: 0, skipMatching: true },
      },
      tag: [{ key: "Name", value: name, propagateAtLaunch: true }],
    });
  }
}

function profileOf(role: InstanceRole | undefined): string {
  if (role === undefined) {
    throw new Error("a machine without a role: the pool has made none");
  }
  return role.profileName;
}

function poolSpec(props: AwsNodePoolProps): PoolSpec {
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

function machineTemplate(
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
