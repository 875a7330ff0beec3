import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "../../terraform/encode";
import { refusal } from "../../terraform/plan-check";
import { addStackFile } from "../../terraform/stack-files";

const HOST_SCRIPTS = join(__dirname, "../../bootstrap/rootfs/usr/local/lib/ray-cluster");
const FOLDER = "hosts";

/** Scripts that run on the machine that runs Terraform, and those that they run on the cluster's machines. */
const LOCAL_SCRIPTS = ["on-host.sh", "share-token.sh"];
const REMOTE_SCRIPTS = ["check-machine.sh", "cluster-token.sh"];

export interface HostCommandProps {
  /** `on-host.sh <script>` or `share-token.sh`. */
  readonly command: string;
  /** Input of the command; constant text, never a secret. */
  readonly environment: { readonly [name: string]: string };
  /** The command runs again when one of these has changed; may be references. */
  readonly triggers: readonly string[];
  /** Why nothing may be planned. @default - it may */
  readonly refusals?: readonly string[];
  /** Addresses of resources that must exist before. */
  readonly dependsOn?: readonly string[];
}

/**
 * A command that a deployment runs over ssh on a machine of the cluster, and again when a trigger has changed.
 * `terraform_data` is built into Terraform, so it needs no provider and works before Docker does.
 */
export class HostCommand extends TerraformResource {
  public constructor(
    scope: Construct,
    id: string,
    private readonly props: HostCommandProps,
  ) {
    super(scope, id, {
      terraformResourceType: "terraform_data",
      dependsOn: undefined,
      lifecycle: {
        precondition: props.refusals?.map(refusal),
      },
      provisioners: [
        {
          type: "local-exec",
          command: `sh ${props.command}`,
          environment: Object.fromEntries(
            Object.entries(props.environment).map(([name, value]) => [name, literal(value, name)]),
          ),
        },
      ],
    });
    this.dependsOn = props.dependsOn && [...props.dependsOn];
    for (const name of LOCAL_SCRIPTS) {
      addStackFile(this, `${FOLDER}/${name}`, readFileSync(join(__dirname, name), "utf8"));
    }
    for (const name of REMOTE_SCRIPTS) {
      addStackFile(this, `${FOLDER}/${name}`, readFileSync(join(HOST_SCRIPTS, name), "utf8"));
    }
  }

  /** Changes whenever the command has run. */
  public get id(): string {
    return this.getStringAttribute("id");
  }

  /** The command that runs the script `name` on a machine. */
  public static onHost(name: string): string {
    return `${FOLDER}/on-host.sh ${FOLDER}/${name}`;
  }

  /** The script that copies the token from one machine to another. */
  public static readonly shareToken = `${FOLDER}/share-token.sh`;

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    return { triggers_replace: [...this.props.triggers] };
  }
}
