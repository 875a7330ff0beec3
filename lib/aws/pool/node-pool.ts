import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { Ec2SubnetCidrReservation } from "@cdktf/provider-aws/lib/ec2-subnet-cidr-reservation";
import { Instance, type InstanceConfig } from "@cdktf/provider-aws/lib/instance";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { Token } from "cdktf";
import { Construct } from "constructs";
import { reportProblems } from "../../terraform/app-problems";
import { constrainProvider } from "../../terraform/provider-versions";
import { InstanceRole } from "./instance-role";
import { launchTemplateConfig, type MachineTemplate, METADATA_OPTIONS } from "./launch-template";
import type { AwsNodePoolProps } from "./node-pool-props";
import { poolMachines } from "./pool-machines";
import { checkNodePool } from "./pool-rules";

/**
 * Machines with EFA, without a cluster on them: one launch template per role, an Auto Scaling group of fixed size for
 * the workers (a lost machine is replaced), and the head at its address. The number of Terraform resources does not
 * depend on the number of machines.
 */
export class AwsNodePool extends Construct {
  /** Id of the head's machine. @default - this pool has no head */
  public readonly headInstanceId?: string;
  /** Name of the workers' Auto Scaling group. @default - the head is alone */
  public readonly autoScalingGroupName?: string;
  /** @internal */
  public readonly _head?: Instance;
  /** @internal */
  public readonly _workers?: AutoscalingGroup;
  /** @internal */
  public readonly _workerTemplate?: LaunchTemplate;

  public constructor(scope: Construct, id: string, props: AwsNodePoolProps) {
    super(scope, id);
    constrainProvider(this, "aws");
    const name = props.name ?? id;
    const machines = poolMachines(props);
    reportProblems(this, checkNodePool(machines));
    if (machines.nics === undefined) {
      return;
    }
    const permissions = props.permissions ?? [];
    const template = { ...machines, nics: machines.nics };
    const workers = props.nodes - (props.headAddress === undefined ? 0 : 1);
    const needsOwnRole = (props.headPermissions ?? []).length > 0;
    const role =
      workers > 0 || !needsOwnRole ? new InstanceRole(this, "role", { name, permissions }) : undefined;
    if (props.headAddress !== undefined) {
      const headRole = needsOwnRole
        ? new InstanceRole(this, "head-role", {
            name: `${name}-head`,
            permissions: [...permissions, ...(props.headPermissions ?? [])],
          })
        : role;
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
    }
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
      tags: { Name: `${name}-head` },
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
      healthCheckType: "EC2",
      waitForCapacityTimeout: "30m",
      // Machines of two versions never form a cluster: replace all of them, and free reserved capacity first.
      instanceRefresh: {
        strategy: "Rolling",
        preferences: { minHealthyPercentage: 0, skipMatching: true },
      },
      tag: [{ key: "Name", value: name, propagateAtLaunch: true }],
      // The head first: workers need it, and its address must not go to one of them.
      dependsOn: this._head && [this._head],
    });
  }
}

/**
 * The provider asks EC2 for the image to find the root device's name, and EC2 does not resolve `resolve:ssm:` there.
 * The template encrypts the volume anyway.
 */
function rootVolumeOf(settings: Omit<MachineTemplate, "name">): InstanceConfig["rootBlockDevice"] {
  return settings.machineImage.amiId === undefined
    ? undefined
    : {
        encrypted: true,
        volumeSize: settings.rootVolumeGiB,
        volumeType: "gp3",
        kmsKeyId: settings.rootVolumeKmsKeyArn,
      };
}
