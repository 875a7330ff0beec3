/** An existing machine: how to reach it, and what it is. */
export interface HostMachine {
  /** Name of the machine in messages: lower-case letters, digits, dashes and dots. */
  readonly name: string;
  /** Host name or address for ssh. */
  readonly sshHost: string;
  /**
   * User for ssh: root, or a member of the group `docker`.
   *
   * @default - that of the backend
   */
  readonly sshUser?: string;
  /**
   * Port for ssh.
   *
   * @default - that of the backend
   */
  readonly sshPort?: number;
  /**
   * Options of ssh as in its configuration file, e.g. `IdentityFile=~/.ssh/cluster`. They take precedence over the
   * library's own.
   *
   * @default - those of the backend
   */
  readonly sshOptions?: readonly string[];
  /** IPv4 address on the cluster network. */
  readonly address: string;
  /**
   * `amd64` or `arm64`.
   *
   * @default - not compared with the machine
   */
  readonly architecture?: string;
  /**
   * Number of accelerators in the machine.
   *
   * @default - as many as the plan needs
   */
  readonly acceleratorCount?: number;
  /**
   * Address of each device on the network plane of the NPUs, in the order of the devices (Ascend).
   *
   * @default - found on the machine
   */
  readonly deviceIps?: readonly string[];
  /**
   * Files and folders of the driver that this product keeps elsewhere, e.g. `/usr/local/sbin/npu-smi`. Each is mounted
   * in place of the one with the same base name. `prepare-hosts` names them.
   *
   * @default - the paths in the catalogue
   */
  readonly driverPaths?: readonly string[];
  /**
   * Pool that this machine is a node of. Either all machines name one or none do.
   *
   * @default - pools take machines in order; the first machine is the head
   */
  readonly pool?: string;
  /**
   * `retired`: the machine can be reached and leaves the cluster; a deployment removes its container, token and volumes.
   * `lost`: the machine is gone; a deployment asks nothing of it and forgets what was on it. Once that is deployed the entry
   * can be deleted. The number of nodes of its pool goes down with it, or another machine takes its place.
   *
   * @default - it is a node of the cluster
   */
  readonly status?: string;
}

/** What `HostMachine.status` may be. */
export const STATUSES = ["retired", "lost"];

/** How to reach machines that do not say so themselves. */
export interface SshDefaults {
  readonly sshUser: string;
  readonly sshPort: number;
  readonly sshOptions: readonly string[];
}

/** A machine with every default filled in. */
export type Machine = HostMachine & SshDefaults;

/** A machine of which an inventory may lack anything. */
export type MachineDraft = Partial<HostMachine> & SshDefaults;

export function withDefaults<Host extends Partial<HostMachine>>(
  host: Host,
  { sshUser = "root", sshPort = 22, sshOptions = [] }: Partial<SshDefaults>,
): Host & SshDefaults {
  return {
    ...host,
    sshUser: host.sshUser ?? sshUser,
    sshPort: host.sshPort ?? sshPort,
    sshOptions: host.sshOptions ?? sshOptions,
  };
}

/** Whether the machine is to be a node. One with a mistyped status is none, which is a problem of its own. */
export function isInService({ status }: { readonly status?: string }): boolean {
  return status === undefined;
}

export function isComplete(machine: MachineDraft): machine is Machine {
  return machine.name !== undefined && machine.sshHost !== undefined && machine.address !== undefined;
}
