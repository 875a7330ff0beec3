import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fn, TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { resourceAddress } from "../terraform/resource-address";
import { addStackFile } from "../terraform/stack-files";
import { template } from "../terraform/template";
import { clusterEndpoint } from "../topology/plan/endpoint";
import type { ClusterPlan } from "../topology/plan/plan";
import type { ReadinessCheck } from "./readiness-check";

const FOLDER = "cloud-init";
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
  /** References to what the machines boot with: the check runs anew when one of them changes. */
  readonly texts: readonly string[];
}

/** How long a deployment waits at most, once the machines are made. */
export function waitSeconds({ deadlines }: ClusterPlan, bootTimeoutSeconds: number): number {
  return deadlines.servingSeconds + bootTimeoutSeconds;
}

/**
 * Brings the verdict of the cluster's head to the deployment: it ends here when the cluster serves, else it fails with the
 * reason. `terraform_data` is built into Terraform; after a failure it is tainted, so that the next deployment waits anew.
 */
export class ClusterWait extends TerraformResource {
  private machines?: readonly TerraformResource[];

  public constructor(
    scope: Construct,
    id: string,
    private readonly props: ClusterWaitProps,
  ) {
    const { check } = props;
    super(scope, id, {
      terraformResourceType: "terraform_data",
      provisioners: [
        {
          type: "local-exec",
          command: `sh ${FOLDER}/wait-by-${check.kind}.sh`,
          environment: Object.fromEntries(
            Object.entries(environment(props)).map(([name, value]) => [name, template(value, name)]),
          ),
        },
      ],
    });
    for (const script of SCRIPTS[check.kind]) {
      addStackFile(this, `${FOLDER}/${script}`, readFileSync(join(__dirname, script), "utf8"));
    }
  }

  /** The cluster's endpoint, for readers who get it only when the cluster serves. */
  public get url(): string {
    return this.getStringAttribute("output");
  }

  /** Whether anybody has said which resources the machines are. */
  public get knowsMachines(): boolean {
    return this.machines !== undefined;
  }

  /** Waits for these first, and anew when one of them is replaced. */
  public addMachines(machines: readonly TerraformResource[]): void {
    this.machines = [...(this.machines ?? []), ...machines];
    if (this.machines.length > 0) {
      const addresses = this.machines.map(resourceAddress);
      this.dependsOn = addresses;
      this.lifecycle = { replaceTriggeredBy: addresses };
    }
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      input: clusterEndpoint(this.props.plan),
      triggers_replace: this.props.texts.map((text) => Fn.sha256(text)),
    };
  }
}

function environment(props: ClusterWaitProps): { readonly [name: string]: string } {
  const { plan, check, bootTimeoutSeconds } = props;
  const [{ name, address = "" }] = plan.nodes;
  const report = plan.ports.find((port) => port.name === "node-report")?.from;
  return {
    CLUSTER: plan.name,
    HEAD: `${name} (${address})`,
    TIMEOUT_SECONDS: String(waitSeconds(plan, bootTimeoutSeconds)),
    ...(check.kind === "ssh"
      ? { SSH_ARGUMENTS: sshArguments(check, address).join("\n") }
      : { REPORT_URL: check.url ?? `http://${address}:${report}` }),
  };
}

/** Arguments of ssh up to the destination. */
function sshArguments({ sshHost, ssh = {} }: ReadinessCheck, headAddress: string): readonly string[] {
  const { user = "root", port = 22, sshOptions = [] } = ssh;
  return [
    ...[...sshOptions, ...SSH_OPTIONS].flatMap((option) => ["-o", option]),
    ...["-p", String(port), "-l", user, "--", sshHost ?? headAddress],
  ];
}
