import type { BootMount } from "../bootstrap/boot-spec";
import type { ReadinessCheck } from "./readiness-check";
import type { SecretSource } from "./secret-source";

/** A registry that gives the image only to who signs in. */
export interface RegistryLogin {
  /** E.g. `quay.io`. */
  readonly host: string;
  readonly user: string;
  readonly password: SecretSource;
}

/** Machines that boot with cloud-init, whoever makes them. */
export interface CloudInitBackendProps {
  /** IPv4 CIDR of the network that the machines share. */
  readonly subnetCidr: string;
  /**
   * Address of the head on that network, where the others get theirs at boot: one text for the head, and one for the
   * workers of each pool.
   *
   * @default - the first of `addresses`
   */
  readonly headAddress?: string;
  /**
   * Addresses of all machines on that network, the head first, then pool by pool: each node has a text of its own.
   *
   * @default - only the head's is known
   */
  readonly addresses?: readonly string[];
  /**
   * Where every machine gets the Ray token from, the same on all of them: 64 hexadecimal digits, for example.
   *
   * @default SecretSource.file('/etc/ray-cluster/ray-token')
   */
  readonly rayToken?: SecretSource;
  /**
   * A store of secrets: what answers for `SecretRef.managed(id)`. The id is the last argument of its program.
   *
   * @default - none; `SecretRef.hostFile(path)` is a file of the head's machine
   */
  readonly secretStore?: SecretSource;
  /**
   * Where the machines sign in for the image.
   *
   * @default - the registry asks nobody
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
   * @default - nothing is waited for
   */
  readonly diskFolder?: string;
  /**
   * Packages of the machine image's distribution that the first boot installs, e.g. `nfs-common`. Docker is not
   * among them: it is installed where it is missing.
   *
   * @default - none
   */
  readonly packages?: readonly string[];
  /**
   * Where the machines fetch the node program, which most providers take no user data as large as: you put
   * `cloud-init/<cluster>/program.json`, which lies beside the stack, there. `http`, `https` or `file` (a folder that
   * is mounted); may be a reference. It needs no secrecy, and its hash is checked.
   *
   * @default - it is a part of the user data, as a machine of one's own (NoCloud) takes it
   */
  readonly programUrl?: string;
  /**
   * Bytes of user data that the provider takes, before any encoding.
   *
   * @default - no limit, as for NoCloud
   */
  readonly userDataLimitBytes?: number;
  /**
   * What a deployment waits for.
   *
   * @default - nothing: an apply returns when the machines are made, not when they serve
   */
  readonly readiness?: ReadinessCheck;
  /**
   * How far apart machines may start their containers, in seconds: making them, packages, the image. Nodes wait for one
   * another, and a deployment for the cluster, so much longer.
   *
   * @default 900
   */
  readonly bootTimeoutSeconds?: number;
  /**
   * CPUs that each node announces to Ray.
   *
   * @default - all of the machine
   */
  readonly cpusPerNode?: number;
  /**
   * Ray's object store in each node, in MiB.
   *
   * @default - Ray's own: 30 % of the machine's memory
   */
  readonly objectStoreMiB?: number;
  /**
   * Shared memory of each container, in MiB; the object store lies in there.
   *
   * @default - computed from accelerators and object store
   */
  readonly sharedMemoryMiB?: number;
}

/** With every default filled in. */
export interface CloudInitSettings extends CloudInitBackendProps {
  readonly rayToken: SecretSource;
  readonly bootTimeoutSeconds: number;
}
