import type { Machine } from "./host-machine";

/**
 * Options of ssh after the user's own, which take precedence. ssh must not prompt. One connection to each machine is
 * shared and stays open for a minute, because the Docker provider connects for every call, and sshd drops some of ten
 * simultaneous connections (MaxStartups).
 */
const OPTIONS = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "ControlMaster=auto",
  // Short, because the path of a socket has at most 108 characters. %C is a hash of user, host and port.
  "ControlPath=~/.ssh/ray-cluster-%C",
  "ControlPersist=60",
];

/** Options of ssh for this machine, as arguments; also `ssh_opts` of the Docker provider. */
export function sshOptions(machine: Machine): string[] {
  return [...machine.sshOptions, ...OPTIONS].flatMap((option) => ["-o", option]);
}

/** All arguments of ssh up to the destination. */
export function sshArguments(machine: Machine): string[] {
  return [
    ...sshOptions(machine),
    "-p",
    String(machine.sshPort),
    "-l",
    machine.sshUser,
    "--",
    machine.sshHost,
  ];
}

/** Address of the machine's Docker engine for the provider. */
export function dockerHost({ sshUser, sshHost, sshPort }: Machine): string {
  const host = sshHost.includes(":") ? `[${sshHost}]` : sshHost;
  return `ssh://${sshUser}@${host}:${sshPort}`;
}

/** A node's machine in messages: `npu-1 on atlas-1 (ssh://root@10.0.0.2:22)`. */
export function machineLabel(node: string, machine: Machine): string {
  const name = machine.name === node ? node : `${node} on ${machine.name}`;
  return `${name} (${dockerHost(machine)})`;
}
