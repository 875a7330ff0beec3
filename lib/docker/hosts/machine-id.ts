/** What a cluster has on each machine. */
export type MachinePart =
  "check" | "image" | "state" | "secrets" | "token" | "node" | "filter" | "filter-removal";

/**
 * Construct id of a part. It follows from the machine's name, so a machine that stays keeps everything when another one
 * goes. Every id has the part at its end: no name of a machine is the id of something else.
 */
export function machineId(machine: string, part: MachinePart): string {
  return `${machine}-${part}`;
}
