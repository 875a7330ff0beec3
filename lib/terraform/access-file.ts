/**
 * A file beside the stack's JSON that says how the nodes of a cluster are reached from where Terraform runs. The commands
 * `status`, `logs`, `run`, `shell`, `forward` and `doctor` read it. It holds no secret.
 */
export type AccessFile = {
  readonly cluster: string;
  /** Port of the engine's API on the head; `null`: it has none. */
  readonly apiPort: number | null;
  /** Port of Ray's dashboard on the loopback interface of the head; `null`: it is off. */
  readonly dashboardPort: number | null;
} & (ContainersAccess | Ec2Access);

/** Containers with known names: of one Docker engine, or of one on each machine. */
export interface ContainersAccess {
  readonly place: "local" | "hosts";
  /** The head first. */
  readonly nodes: readonly ContainerAccess[];
}

export interface ContainerAccess {
  readonly node: string;
  /** Label for messages. */
  readonly called: string;
  readonly container: string;
  /** Address of the Docker engine; `null`: that of the environment. Not where there are arguments of ssh. */
  readonly dockerHost: string | null;
  /** Arguments of ssh up to the destination; `null`: the Docker engine is reached without ssh. */
  readonly sshArguments: readonly string[] | null;
}

/** Machines of EC2, which are known once they exist: Terraform's state has their identifiers. */
export interface Ec2Access {
  readonly place: "aws";
  /** Address in the state of the data source with the region. */
  readonly region: string;
  /** Name of the head, and address in the state of its machine. */
  readonly head: { readonly node: string; readonly address: string };
  /** Addresses in the state of the Auto Scaling groups, by pool. */
  readonly groups: readonly { readonly pool: string; readonly address: string }[];
  /** Name of the container on each machine, and of the service that runs it. */
  readonly container: string;
  readonly service: string;
}

/** One for each cluster of a stack. */
export function accessFileName(cluster: string): string {
  return `access/${cluster}.json`;
}
