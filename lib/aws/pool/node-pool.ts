import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { AutoscalingSchedule } from "@cdktf/provider-aws/lib/autoscaling-schedule";
import { Ec2SubnetCidrReservation } from "@cdktf/provider-aws/lib/ec2-subnet-cidr-reservation";
import { Instance, type InstanceConfig } from "@cdktf/provider-aws/lib/instance";
import { KmsGrant } from "@cdktf/provider-aws/lib/kms-grant";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";
import { moneyOf } from "../../review/money";
import { reportProblems } from "../../terraform/app-problems";
import { useAws } from "../provider";
import { reviewPart } from "../../terraform/review-files";
import { paid } from "./capacity-text";
import { claimHead } from "./head-claims";
import { InstanceRole } from "./instance-role";
import {
  launchTemplateConfig,
  type MachineTemplate,
  METADATA_OPTIONS,
  ROOT_VOLUME_SPEED,
} from "./launch-template";
import { machinesPrices } from "./machines-price";
import type { AwsNodePoolProps } from "./node-pool-props";
import { PinnedImage } from "./pinned-image";
import { type PoolMachines, poolMachines } from "./pool-machines";
import { checkNodePool } from "./pool-rules";

/** docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html */
const KEY_OPERATIONS = [
  ...["Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GenerateDataKey"],
  ...["GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"],
];
/** By which `sources/aws-stop.sh` finds the machines of a cluster. */
export const CLUSTER_TAG = "ray-cluster";
/** Large machines with many GPUs take minutes to terminate, Capacity Blocks longer; the provider waits 10 or 20. */
const TERMINATION_MINUTES = 45;

/**
 * Machines with EFA, without a cluster on them: one launch template per role, an Auto Scaling group of fixed size for
 * the workers (a lost machine is replaced), and the head at its address. The number of Terraform resources does not
 * depend on the number of machines.
 *
 * @example
 * const network = new AwsClusterNetwork(this, "net", { availabilityZone: "us-east-1a" });
 * new AwsNodePool(this, "gpu", { network, instanceType: "p5.48xlarge", nodes: 2, fabric: Fabric.EFA });
 */
export class AwsNodePool extends Construct {
  /** Id of the head's machine. @default - this pool has no head */
  public readonly headInstanceId?: string;
  /** Name of the workers' Auto Scaling group. @default - the head is alone */
  public readonly autoScalingGroupName?: string;
  /** Id of the workers' launch template. @default - the head is alone */
  public readonly launchTemplateId?: string;
  /** Name of the workers' IAM role, to attach policies of one's own. @default - the head is alone and has a role of its own */
  public readonly roleName?: string;
  /** Name of the head's IAM role: that of the workers where it may do nothing else. @default - this pool has no head */
  public readonly headRoleName?: string;
  /** @internal */
  public readonly _head?: Instance;
  /** @internal */
  public readonly _workers?: AutoscalingGroup;
  /** @internal */
  public readonly _workerTemplate?: LaunchTemplate;

  public constructor(scope: Construct, id: string, props: AwsNodePoolProps) {
    super(scope, id);
    useAws(this, props.network.provider);
    const name = props.name ?? id;
    const machines = poolMachines(props);
    reportProblems(this, checkNodePool(machines));
    if (props.headAddress !== undefined) {
      reportProblems(this, claimHead(this, props.network.subnetId, props.headAddress));
    }
    if (machines.nics === undefined) {
      return;
    }
    reviewPart(this, {
      kind: "pool",
      what: `${props.nodes} x ${props.instanceType}, ${paid(machines.capacity)}`,
      money: moneyOf({ prices: machinesPrices(machines), limitUsdPerHour: "none" }),
    });
    const permissions = props.permissions ?? [];
    const template = { ...machines, nics: machines.nics, imageId: this.imageOf(machines) };
    const workers = props.nodes - (props.headAddress === undefined ? 0 : 1);
    const needsOwnRole = (props.headPermissions ?? []).length > 0;
    const role =
      workers > 0 || !needsOwnRole ? new InstanceRole(this, "role", { name, permissions }) : undefined;
    this.roleName = role?.roleName;
    if (props.headAddress !== undefined) {
      const headRole = needsOwnRole
        ? new InstanceRole(this, "head-role", {
            name: `${name}-head`,
            permissions: [...permissions, ...(props.headPermissions ?? [])],
          })
        : role;
      this.headRoleName = headRole?.roleName;
      this._head = this.head(name, {
        ...template,
        instanceProfile: this.profileOf(headRole),
        fixedAddress: props.headAddress,
        userData: props.headUserData ?? props.userData,
      });
      this.headInstanceId = this._head.id;
    }
    if (workers > 0) {
      const settings = { ...template, name, instanceProfile: this.profileOf(role) };
      this._workerTemplate = new LaunchTemplate(this, "worker-template", launchTemplateConfig(settings));
      this._workers = this.group(name, settings, this._workerTemplate, workers);
      this.autoScalingGroupName = this._workers.name;
      this.launchTemplateId = this._workerTemplate.id;
      this.endBefore(machines.capacity.workersEndAt, this._workers);
    }
  }

  private imageOf({ machineImage, machineImageRelease }: PoolMachines): string {
    const { parameter, imageId } = machineImage;
    return parameter === undefined
      ? imageId
      : new PinnedImage(this, "image", parameter, machineImageRelease).amiId;
  }

  private profileOf(role: InstanceRole | undefined): string {
    if (role === undefined) {
      throw new Error(`internal error: pool '${this.node.path}' has no instance role. Please report this.`);
    }
    return role.profileName;
  }

  private head(name: string, settings: Omit<MachineTemplate, "name">): Instance {
    // EC2 gives any free address to a machine of a group, also that of a head which is being replaced.
    const reservation = new Ec2SubnetCidrReservation(this, "head-address", {
      subnetId: settings.network.subnetId,
      cidrBlock: `${settings.fixedAddress}/32`,
      reservationType: "explicit",
      description: `Head of '${name}'`,
    });
    const template = new LaunchTemplate(
      this,
      "head-template",
      launchTemplateConfig({ ...settings, name: `${name}-head` }),
    );
    return new Instance(this, "head", {
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      // Repeated, because policy checks look at the machine and not at its template.
      metadataOptions: METADATA_OPTIONS,
      monitoring: true,
      ebsOptimized: true,
      iamInstanceProfile: settings.instanceProfile,
      rootBlockDevice: rootVolumeOf(settings),
      tags: {
        Name: `${name}-head`,
        ...(settings.clusterTag === undefined ? {} : { [CLUSTER_TAG]: settings.clusterTag }),
      },
      timeouts: { create: "30m", update: "30m", delete: `${TERMINATION_MINUTES}m` },
      dependsOn: [reservation],
      // User data is the template's, whose new version is a new machine. The provider reads it back as a hash, takes
      // that for a change and would stop the machine for it.
      lifecycle: { ignoreChanges: ["user_data", "user_data_base64"] },
    });
  }

  private group(
    name: string,
    settings: MachineTemplate,
    template: LaunchTemplate,
    count: number,
  ): AutoscalingGroup {
    return new AutoscalingGroup(this, "workers", {
      namePrefix: `${name}-`,
      minSize: count,
      maxSize: count,
      desiredCapacity: count,
      // One subnet, hence one zone.
      vpcZoneIdentifier: [settings.network.subnetId],
      launchTemplate: { id: template.id, version: Token.asString(template.latestVersion) },
      capacityReservationSpecification: settings.capacity.fallsBackToOnDemand
        ? {
            capacityReservationPreference: "capacity-reservations-first",
            capacityReservationTarget: { capacityReservationIds: [settings.capacity.id ?? ""] },
          }
        : undefined,
      healthCheckType: "EC2",
      // EC2 is often short of such machines for minutes: the group goes on trying, and only the time ends the wait.
      ignoreFailedScalingActivities: true,
      waitForCapacityTimeout: `${settings.capacityTimeoutMinutes}m`,
      timeouts: {
        update: `${settings.capacityTimeoutMinutes + TERMINATION_MINUTES}m`,
        delete: `${TERMINATION_MINUTES}m`,
      },
      // Machines of two versions never form a cluster: replace all of them, and free reserved capacity first.
      instanceRefresh: {
        strategy: "Rolling",
        preferences: { minHealthyPercentage: 0, skipMatching: true },
      },
      tag: [
        { key: "Name", value: name, propagateAtLaunch: true },
        // Not the machines: what ends the cluster ends these by their group.
        ...(settings.clusterTag === undefined
          ? []
          : [{ key: CLUSTER_TAG, value: settings.clusterTag, propagateAtLaunch: false }]),
      ],
      // The head first: workers need it, and its address must not go to one of them.
      dependsOn: [this._head, this.keyGrant(settings)].filter((one) => one !== undefined),
    });
  }

  /** EC2 takes the machines of a block before its end, and a group would then ask in vain for others. */
  private endBefore(startTime: string | undefined, { name }: AutoscalingGroup): void {
    if (startTime !== undefined) {
      new AutoscalingSchedule(this, "end", {
        scheduledActionName: "end-of-block",
        autoscalingGroupName: name,
        startTime,
        minSize: 0,
        maxSize: 0,
        desiredCapacity: 0,
      });
    }
  }

  /** A customer's key is not a group's to use: without a grant its machines end as soon as they start. */
  private keyGrant({ rootVolumeKmsKeyArn: key }: MachineTemplate): KmsGrant | undefined {
    if (key === undefined) {
      return undefined;
    }
    const part = (index: number) => Fn.element(Fn.split(":", key), index);
    return new KmsGrant(this, "key-grant", {
      keyId: key,
      granteePrincipal: `arn:${part(1)}:iam::${part(4)}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
      operations: KEY_OPERATIONS,
    });
  }
}

/**
 * The provider asks EC2 for the image while it plans, to find the root device's name; one that is looked up is not known then.
 * The template encrypts the volume anyway.
 */
function rootVolumeOf(settings: Omit<MachineTemplate, "name">): InstanceConfig["rootBlockDevice"] {
  return settings.machineImage.amiId === undefined
    ? undefined
    : {
        encrypted: true,
        volumeSize: settings.rootVolumeGiB,
        volumeType: "gp3",
        ...ROOT_VOLUME_SPEED,
        kmsKeyId: settings.rootVolumeKmsKeyArn,
      };
}
