/** A machine that exists: how it is reached, and what it is. */
export interface HostMachine {
  /** Name of the machine in messages: lower-case letters, digits, dashes and dots. */
  readonly name: string;
  /** Name or address at which ssh reaches the machine. */
  readonly sshHost: string;
  /**
   * User of ssh: root, or a member of the group `docker`.
   *
   * @default - that of the backend
   */
  readonly sshUser?: string;
  /**
   * Port of ssh.
   *
   * @default - that of the backend
   */
  readonly sshPort?: number;
  /**
   * Options of ssh as in its configuration file, e.g. `IdentityFile=~/.ssh/cluster`. They go before ours.
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
   * Accelerators of the machine.
   *
   * @default - as many as the plan wants
   */
  readonly acceleratorCount?: number;
  /**
   * Address of each device on the network plane of the NPUs, in the order of the devices (Ascend).
   *
   * @default - found on the machine
   */
  readonly deviceIps?: readonly string[];
  /**
   * Files and folders of the driver that this product has elsewhere, e.g. `/usr/local/sbin/npu-smi`. Each is mounted
   * in place of the one with the same last name. `prepare-hosts` says which.
   *
   * @default - where the catalogue has them
   */
  readonly driverPaths?: readonly string[];
  /**
   * Pool whose node this machine is. Either all machines name one or none.
   *
   * @default - the pools take the machines in their order; the first one is the head
   */
  readonly pool?: string;
}

/** How the machines of a backend are reached where they do not say it themselves. */
export interface SshDefaults {
  readonly sshUser: string;
  readonly sshPort: number;
  readonly sshOptions: readonly string[];
}

/** A machine with every default filled in. */
export interface Machine extends HostMachine {
  readonly sshUser: string;
  readonly sshPort: number;
  readonly sshOptions: readonly string[];
}

export function withDefaults(host: HostMachine, defaults: SshDefaults): Machine {
  return {
    ...host,
    sshUser: host.sshUser ?? defaults.sshUser,
    sshPort: host.sshPort ?? defaults.sshPort,
    sshOptions: host.sshOptions ?? defaults.sshOptions,
  };
}
