/**
 * Beside the stack's JSON: the machines of a cluster as the command `prepare-hosts` needs them. It holds what a
 * deployment hands to `check-machine.sh`, so that both look at the same.
 */
export interface HostsFile {
  readonly cluster: string;
  /** Why nothing may be deployed to these machines; empty: it may. */
  readonly refusals: readonly string[];
  readonly machines: readonly {
    readonly node: string;
    /** As messages call it. */
    readonly called: string;
    /** Arguments of ssh up to the destination. */
    readonly sshArguments: readonly string[];
    /** Standard input of `check-machine.sh`, line by line. */
    readonly facts: readonly string[];
  }[];
}

/** One for each cluster of a stack. */
export function hostsFileName(cluster: string): string {
  return `hosts/${cluster}.json`;
}
