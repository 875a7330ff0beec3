import { join } from "node:path";
import type { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { LocalCommand } from "../terraform/local-command";
import { type PlacedWorkload, placedWorkload } from "../terraform/placed-workload";
import { resourceAddress } from "../terraform/resource-address";
import { clusterEndpoint } from "../topology/plan/endpoint";
import type { ClusterPlan } from "../topology/plan/plan";
import type { ReadinessCheck } from "./readiness-check";

/** Files beside the stack: the program that waits, and the part that runs on the head's machine. */
const SCRIPTS = { http: ["wait-by-http.sh"], ssh: ["wait-by-ssh.sh", "wait-on-head.sh"] };
/** After the user's own: ssh takes the first value of an option. Nobody is there to answer a question. */
const SSH_OPTIONS = [
  "BatchMode=yes",
  "ConnectTimeout=15",
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "LogLevel=ERROR",
];

export interface ClusterWaitProps {
  readonly plan: ClusterPlan;
  readonly check: ReadinessCheck;
  readonly bootTimeoutSeconds: number;
  /** Hashes of what the machines boot with: the check runs again when one of them changes. */
  readonly hashes: readonly string[];
}

/** How long a deployment waits at most, once the machines are made. */
export function waitSeconds({ deadlines }: ClusterPlan, bootTimeoutSeconds: number): number {
  return deadlines.servingSeconds + bootTimeoutSeconds;
}

/** Whether the check brings the workload, so that no machine boots with it. */
export function bringsWorkload(check: ReadinessCheck | undefined): boolean {
  return check?.kind === "ssh";
}

/**
 * Brings the verdict of the cluster's head to the deployment, and over ssh the workload to the head before: it ends here when
 * the cluster serves, else it fails with the reason, and the next deployment waits again.
 */
export class ClusterWait extends LocalCommand {
  private machines?: readonly TerraformResource[];

  public constructor(scope: Construct, id: string, props: ClusterWaitProps) {
    const { plan, check, hashes } = props;
    const workload = bringsWorkload(check) ? placedWorkload(scope, plan) : undefined;
    super(scope, id, {
      folder: "cloud-init",
      scripts: SCRIPTS[check.kind].map((name) => join(__dirname, name)),
      command: `wait-by-${check.kind}.sh`,
      environment: environment(props, workload),
      input: clusterEndpoint(plan),
      triggers: [...hashes, ...(workload === undefined ? [] : [workload.number])],
    });
  }

  /** The cluster's endpoint, for readers who get it only when the cluster serves. */
  public get url(): string {
    return this.getStringAttribute("output");
  }

  /** Whether anybody has said which resources the machines are. */
  public get knowsMachines(): boolean {
    return this.machines !== undefined;
  }

  /** Waits for these first, and again when one of them is replaced. */
  public addMachines(machines: readonly TerraformResource[]): void {
    this.machines = [...(this.machines ?? []), ...machines];
    if (this.machines.length > 0) {
      const addresses = this.machines.map(resourceAddress);
      this.dependsOn = addresses;
      this.lifecycle = { replaceTriggeredBy: addresses };
    }
  }
}

function environment(
  { plan, check, bootTimeoutSeconds }: ClusterWaitProps,
  workload: PlacedWorkload | undefined,
): { readonly [name: string]: string } {
  const [{ name, address = "" }] = plan.nodes;
  const report = plan.ports.find((port) => port.name === "node-report")?.from;
  return {
    CLUSTER: plan.name,
    HEAD: `${name} (${address})`,
    TIMEOUT_SECONDS: String(waitSeconds(plan, bootTimeoutSeconds)),
    ...(workload === undefined
      ? { REPORT_URL: check.url ?? `http://${address}:${report}` }
      : { SSH_ARGUMENTS: sshArguments(check, address).join("\n"), WORKLOAD: workload.text }),
  };
}

/** Arguments of ssh up to the destination. */
function sshArguments(
  { sshHost, user = "root", port = 22, sshOptions = [] }: ReadinessCheck,
  headAddress: string,
): readonly string[] {
  return [
    ...[...sshOptions, ...SSH_OPTIONS].flatMap((option) => ["-o", option]),
    ...["-p", String(port), "-l", user, "--", sshHost ?? headAddress],
  ];
}
