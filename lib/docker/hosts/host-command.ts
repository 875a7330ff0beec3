import { join } from "node:path";
import type { Construct } from "constructs";
import { LocalCommand, type LocalCommandProps } from "../../terraform/local-command";

const FOLDER = "hosts";
const ON_MACHINES = join(__dirname, "../../bootstrap/rootfs/usr/local/lib/ray-cluster");

/** Scripts that run on the machine that runs Terraform, and those that they run on the cluster's machines. */
const SCRIPTS = [
  ...["on-host.sh", "share-token.sh"].map((name) => join(__dirname, name)),
  ...["check-machine.sh", "cluster-token.sh", "packet-filter.sh"].map((name) => join(ON_MACHINES, name)),
];

/** A command that a deployment runs over ssh on a machine of the cluster, also before Docker works there. */
export class HostCommand extends LocalCommand {
  public constructor(scope: Construct, id: string, props: Omit<LocalCommandProps, "folder" | "scripts">) {
    super(scope, id, { folder: FOLDER, scripts: SCRIPTS, ...props });
  }

  /** The command that runs the script `name` on a machine. */
  public static onHost(name: string): string {
    return `on-host.sh ${FOLDER}/${name}`;
  }
}
