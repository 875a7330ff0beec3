/**
 * A file beside the stack's JSON with the machines of a cluster, for the commands `prepare-hosts` and `rotate-token`. It has the same facts
 * as the deployment, so that both check the same.
 */
export interface HostsFile {
  readonly cluster: string;
  /** Why nothing may be deployed to these machines; empty: it may. */
  readonly refusals: readonly string[];
  /** Volume of each machine with the token, and an image with a shell; `null`: Ray has no token. */
  readonly token: { readonly volume: string; readonly image: string } | null;
  readonly machines: readonly {
    readonly node: string;
    /** Label for messages. */
    readonly called: string;
    /** What to write where if the machine is gone for good. */
    readonly ifGone: string;
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
