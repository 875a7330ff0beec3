import type { BootMount } from "../bootstrap/boot-spec";
import type { NodeSizeProps } from "../topology/declaration/node-size-props";
import type { PacketFilter } from "../topology/declaration/packet-filter";
import type { ReadinessCheck } from "./readiness-check";
import type { SecretSource } from "./secret-source";

/** A registry that requires a login. */
export interface RegistryLogin {
  /** E.g. `quay.io`. */
  readonly host: string;
  /** User of `docker login`. */
  readonly user: string;
  /** How the machines get its password. */
  readonly password: SecretSource;
}

/** Machines that boot with cloud-init. */
export interface CloudInitBackendProps extends NodeSizeProps {
  /** IPv4 CIDR of the network that the machines share. */
  readonly subnetCidr: string;
  /**
   * Address of the head on that network, where workers get theirs at boot: there is one text for the head, and one for
   * the workers of each pool.
   *
   * @default - the first of `addresses`
   */
  readonly headAddress?: string;
  /**
   * Addresses of all machines on that network, the head first, then pool by pool; each node then has a text of its own.
   *
   * @default - only the head's is known
   */
  readonly addresses?: readonly string[];
  /**
   * Source of the Ray token, which must be the same on all machines, e.g. 64 hexadecimal digits.
   *
   * @default SecretSource.file('/etc/ray-cluster/ray-token')
   */
  readonly rayToken?: SecretSource;
  /**
   * A store of secrets for `SecretRef.managed(id)`. The id is the last argument of its program.
   *
   * @default - none; `SecretRef.hostFile(path)` is a file of the head's machine
   */
  readonly secretStore?: SecretSource;
  /**
   * Login to the registry of the image.
   *
   * @default - the registry requires none
   */
  readonly registry?: RegistryLogin;
  /**
   * File systems that every machine mounts, e.g. the folder of a `HostPathStorage.shared`.
   *
   * @default - none but those of the machine image
   */
  readonly mounts?: readonly BootMount[];
  /**
   * Folder of the machine's own disks, which a service of the machine image mounts; the boot waits for it.
   *
   * @default - the boot waits for none
   */
  readonly diskFolder?: string;
  /**
   * Packages that the first boot installs, e.g. `nfs-common`. Docker is installed anyway where it is missing.
   *
   * @default - none
   */
  readonly packages?: readonly string[];
  /**
   * `http`, `https` or `file` URL where the machines fetch the node program, which is too large for the user data of most
   * providers. Put `cloud-init/<cluster>/program.json`, which is written beside the stack, there. It contains no secrets, and
   * the machines verify its hash. May be a reference.
   *
   * @default - it is part of the user data, as NoCloud permits
   */
  readonly programUrl?: string;
  /**
   * Bytes of user data that the provider takes, before base64. A larger text is an error at synth.
   *
   * @default - no limit, as for NoCloud; a text with the node program in it is a warning above 64 KiB
   */
  readonly userDataLimitBytes?: number;
  /**
   * What closes the cluster's ports to strangers.
   *
   * @default PacketFilter.nftables()
   */
  readonly packetFilter?: PacketFilter;
  /**
   * How a deployment finds out that the cluster serves.
   *
   * @default - it does not: apply returns when the machines are made
   */
  readonly readiness?: ReadinessCheck;
  /**
   * Longest expected difference between the first and the last machine's start of its container, in seconds: the time to
   * make machines, install packages and pull the image. It extends all deadlines.
   *
   * @default 900
   */
  readonly bootTimeoutSeconds?: number;
}

/** With defaults filled in. */
export interface CloudInitSettings extends CloudInitBackendProps {
  readonly rayToken: SecretSource;
  readonly packetFilter: PacketFilter;
  readonly bootTimeoutSeconds: number;
}
