import type { Machine } from "./host-machine";

/**
 * What ssh is told after the user's own options, of which the first one of a name counts. Nobody is there
 * to answer a question. One connection to each machine is kept open for a minute and shared: the Docker
 * provider opens one for every call, and sshd drops some where ten come at once (MaxStartups).
 */
const OPTIONS = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "ControlMaster=auto",
  // A short name: the path of a socket has at most 108 characters. %C is a hash of user, host and port.
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

/** Address of the machine's Docker engine, as the provider takes it. */
export function dockerHost({ sshUser, sshHost, sshPort }: Machine): string {
  const host = sshHost.includes(":") ? `[${sshHost}]` : sshHost;
  return `ssh://${sshUser}@${host}:${sshPort}`;
}

/** `npu-1 (root@10.0.0.2)`, as messages call a machine. */
export function calledMachine(node: string, machine: Machine): string {
  const name = machine.name === node ? node : `${node} on ${machine.name}`;
  return `${name} (${dockerHost(machine)})`;
}
