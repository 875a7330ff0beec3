import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Fn, TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { resourceAddress } from "../terraform/resource-address";
import { addStackFile } from "../terraform/stack-files";
import { template } from "../terraform/template";
import type { ClusterPlan } from "../topology/plan/plan";
import type { ReadinessCheck } from "./readiness-check";
import type { CloudInitSettings } from "./settings";

const FOLDER = "cloud-init";
/** Beside the stack: what runs, and what it brings to the head. */
const SCRIPTS = { api: ["wait-for-api.cjs"], ssh: ["wait-by-ssh.sh", "wait-on-head.sh"] };
const COMMANDS = { api: `node ${FOLDER}/wait-for-api.cjs`, ssh: `sh ${FOLDER}/wait-by-ssh.sh` };
/** After the user's own, of which the first one of a name counts. Nobody is there to answer a question. */
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
  /** Base URL of the engine's API, or the address of Ray; may be a reference. */
  readonly url: string;
  readonly timeoutSeconds: number;
  /** References to what the machines boot with: other texts are other machines, and are waited for anew. */
  readonly texts: readonly string[];
}

/** How long a deployment waits at most, from the machines on. */
export function waitSeconds(plan: ClusterPlan, settings: CloudInitSettings): number {
  return plan.deadlines.servingSeconds + settings.bootTimeoutSeconds;
}

/**
 * A deployment ends here when the cluster serves, else it fails and says what was seen. `terraform_data` is built into
 * Terraform; after a failure it is tainted, so that the next deployment waits anew.
 */
export class ClusterWait extends TerraformResource {
  private readonly machines: TerraformResource[] = [];

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
          command: COMMANDS[check.kind],
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

  /** The URL, for readers who get it only when the cluster serves. */
  public get url(): string {
    return this.getStringAttribute("output");
  }

  /** Waits for these first, and anew when one of them is another. */
  public addMachines(machines: readonly TerraformResource[]): void {
    this.machines.push(...machines);
    const addresses = this.machines.map(resourceAddress);
    this.dependsOn = addresses;
    this.lifecycle = { replaceTriggeredBy: addresses };
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return {
      input: template(this.props.url, "url"),
      triggers_replace: this.props.texts.map((text) => Fn.sha256(text)),
    };
  }
}

function environment(props: ClusterWaitProps): { readonly [name: string]: string } {
  const { plan, check, url, timeoutSeconds } = props;
  const head = plan.nodes[0];
  const ofAll = {
    CLUSTER: plan.name,
    HEAD: `${head.name} (${head.address})`,
    TIMEOUT_SECONDS: String(timeoutSeconds),
  };
  return check.kind === "ssh"
    ? { ...ofAll, SSH_ARGUMENTS: sshArguments(check, head.address ?? "").join("\n") }
    : {
        ...ofAll,
        API_URL: url,
        COMPLETION: JSON.stringify(plan.engine.api?.completion),
        COMPLETION_SECONDS: String(plan.deadlines.completionSeconds),
      };
}

/** All arguments of ssh up to the destination. */
function sshArguments({ sshHost, ssh = {} }: ReadinessCheck, headAddress: string): readonly string[] {
  const { user = "root", port = 22, sshOptions = [] } = ssh;
  return [
    ...[...sshOptions, ...SSH_OPTIONS].flatMap((option) => ["-o", option]),
    ...["-p", String(port), "-l", user, "--", sshHost ?? headAddress],
  ];
}
