import { machineImageOf } from "../../catalog/machine-images";
import { catalogueFacts, type InstanceFacts } from "./instance-facts";

/** Options of an image of your own. */
export interface MachineImageOptions {
  /** Device of its root volume: `/dev/sda1` on Ubuntu, `/dev/xvda` on Amazon Linux. */
  readonly rootDeviceName: string;
  /**
   * Folder where the image mounts the instance store.
   *
   * @default - it does not mount it
   */
  readonly localDiskFolder?: string;
}

/**
 * What the machines boot. It must hold the driver, the AWS CLI and the Session Manager agent.
 *
 * @example
 * AwsMachineImage.ami("ami-0123456789abcdef0", { rootDeviceName: "/dev/sda1" });
 */
export class AwsMachineImage {
  /** Deep Learning Base image with NVIDIA's open driver, Ubuntu 24.04. */
  public static nvidiaUbuntu2404(): AwsMachineImage {
    return AwsMachineImage.ofCatalogue("nvidia-ubuntu-24.04");
  }

  /** Deep Learning Base image with NVIDIA's open driver, Ubuntu 22.04. */
  public static nvidiaUbuntu2204(): AwsMachineImage {
    return AwsMachineImage.ofCatalogue("nvidia-ubuntu-22.04");
  }

  /** Deep Learning Base image with NVIDIA's open driver, Amazon Linux 2023. */
  public static nvidiaAmazonLinux2023(): AwsMachineImage {
    return AwsMachineImage.ofCatalogue("nvidia-amazon-linux-2023");
  }

  /** Neuron base image, Ubuntu 24.04. */
  public static neuronUbuntu2404(): AwsMachineImage {
    return AwsMachineImage.ofCatalogue("neuron-ubuntu-24.04");
  }

  /**
   * The image that a public parameter names when it is deployed first; see `machineImageRelease` for a newer one.
   */
  public static ssmParameter(name: string, options: MachineImageOptions): AwsMachineImage {
    return new AwsMachineImage(`resolve:ssm:${name}`, options.rootDeviceName, {
      ...options,
      parameter: name,
    });
  }

  /** One image, e.g. `ami-0123456789abcdef0`, in the region of the deployment. */
  public static ami(id: string, options: MachineImageOptions): AwsMachineImage {
    return new AwsMachineImage(id, options.rootDeviceName, { ...options, amiId: id });
  }

  /** The image that fits an instance type. */
  public static for(instanceType: string): AwsMachineImage {
    return AwsMachineImage._for(instanceType, catalogueFacts(instanceType));
  }

  /** @internal */
  public static _for(instanceType: string, { type }: InstanceFacts): AwsMachineImage {
    if (/^(trn|inf)/.test(instanceType)) {
      return AwsMachineImage.neuronUbuntu2404();
    }
    return type?.architecture === "arm64"
      ? AwsMachineImage.ofCatalogue("nvidia-arm64-amazon-linux-2023")
      : AwsMachineImage.nvidiaUbuntu2404();
  }

  private static ofCatalogue(id: string): AwsMachineImage {
    const { parameter, rootDeviceName, ...facts } = machineImageOf(id);
    return new AwsMachineImage(`resolve:ssm:${parameter}`, rootDeviceName, { ...facts, parameter });
  }

  /** Of a pinned image. @default - it is looked up */
  public readonly amiId?: string;
  /** Public parameter by which it is looked up. @default - it is pinned */
  public readonly parameter?: string;
  /** @default - not known */
  public readonly architecture?: string;
  /** Driver stack. @default - not known */
  public readonly driver?: string;
  /** Size of its snapshot. @default - not known */
  public readonly minimumRootGiB?: number;
  /** Folder where it mounts the instance store. @default - not known, or it does not mount it */
  public readonly localDiskFolder?: string;

  private constructor(
    /** The image, or `resolve:ssm:` and the parameter by which it is looked up. */
    public readonly imageId: string,
    /** Device of the root volume, e.g. `/dev/sda1`. */
    public readonly rootDeviceName: string,
    facts: Partial<AwsMachineImage>,
  ) {
    this.amiId = facts.amiId;
    this.parameter = facts.parameter;
    this.architecture = facts.architecture;
    this.driver = facts.driver;
    this.minimumRootGiB = facts.minimumRootGiB;
    this.localDiskFolder = facts.localDiskFolder;
  }
}
