import type { SecretKind } from "../values/secret-ref";

/** What the place decides and the plan needs. */
export interface Place {
  /** `local`, `hosts`, `aws`. */
  readonly backend: string;
  /** IPv4 CIDR of the cluster network. */
  readonly subnetCidr: string;
  /** By pool name, in node order; a pool that is absent gets its addresses from the place at boot. */
  readonly addresses: { readonly [pool: string]: readonly string[] };
  /**
   * By pool name, in node order: names of machines that exist already, so that a node keeps its name when another goes;
   * `undefined`: `<pool>-<index>`.
   */
  readonly nodeNames?: { readonly [pool: string]: readonly string[] };
  /** Address of the head alone, where the others get theirs at boot; `undefined`: the first of `addresses`. */
  readonly headAddress?: string;
  /** `host`: containers have the machine's interfaces; `bridge`: their own. */
  readonly networkMode: "host" | "bridge";
  /** What closes the cluster's ports to strangers, e.g. `a security group`; `undefined`: nothing that is declared. */
  readonly closedBy?: string;
  /** Networks of the users, where the place closes the ports itself; `undefined`: everybody. */
  readonly clientCidrs?: readonly string[];
  /** Whether the place creates machines of the type that a pool names; `undefined`: no. */
  readonly createsMachines?: boolean;
  /** Whether the machines share one kernel, so that limits of the emulation host apply. */
  readonly emulated: boolean;
  /** CPUs that each node offers to Ray; `undefined`: what Ray detects. */
  readonly cpusPerNode?: number;
  /** Object store per node; `undefined`: Ray's default. */
  readonly objectStoreMiB?: number;
  /** Shared memory per node; `undefined`: computed from the accelerators. */
  readonly sharedMemoryMiB?: number;
  /** By pool name, in node order: addresses of the devices on their own network (Ascend), none where they are not stated. */
  readonly deviceIps?: { readonly [pool: string]: readonly (readonly string[])[] };
  /** Longest expected time between the first and the last machine's start, in seconds; `undefined`: they start together. */
  readonly startSpreadSeconds?: number;
  /** Kinds of secrets that the machines can read; `undefined`: files on the head's machine. */
  readonly secretKinds?: readonly SecretKind[];
}
