import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import { refusal } from "./plan-check";
import { addStackFile } from "./stack-files";
import { template } from "./template";

export interface LocalCommandProps {
  /** Folder beside the stack's JSON that gets the scripts. */
  readonly folder: string;
  /** Paths of constant scripts that the command needs. */
  readonly scripts: readonly string[];
  /** The script that runs, and its arguments. */
  readonly command: string;
  /** Everything that differs between clusters, never a secret; may contain references. */
  readonly environment: { readonly [name: string]: string };
  /** The command runs again when one of these has changed; may be references. */
  readonly triggers: readonly string[];
  /** What others read as `output` when the command has succeeded. @default - nothing */
  readonly input?: string;
  /**
   * A command that runs when the resource is destroyed, and what it needs to know. The new one of a change is made before
   * the old one is destroyed, so it must leave alone what is not its own.
   *
   * @default - nothing runs
   */
  readonly onDestroy?: Pick<LocalCommandProps, "command" | "environment">;
  /** Why nothing may be planned. @default - it may */
  readonly refusals?: readonly string[];
}

/**
 * A command that a deployment runs where Terraform runs. If it fails, the resource is tainted and the next deployment runs
 * it again. `terraform_data` is built into Terraform, so it needs no provider.
 */
export class LocalCommand extends TerraformResource {
  public constructor(
    scope: Construct,
    id: string,
    private readonly local: LocalCommandProps,
  ) {
    const { folder, scripts, command, environment, onDestroy, refusals = [] } = local;
    super(scope, id, {
      terraformResourceType: "terraform_data",
      lifecycle: {
        ...(refusals.length > 0 ? { precondition: refusals.map(refusal) } : {}),
        ...(onDestroy === undefined ? {} : { createBeforeDestroy: true }),
      },
      provisioners: [
        { type: "local-exec", command: `sh ${folder}/${command}`, environment: templates(environment) },
        ...(onDestroy === undefined
          ? []
          : [
              {
                type: "local-exec" as const,
                when: "destroy" as const,
                command: `sh ${folder}/${onDestroy.command}`,
                // All that Terraform still knows then.
                environment: Object.fromEntries(
                  Object.keys(onDestroy.environment).map((name) => [name, `\${self.input.${name}}`]),
                ),
              },
            ]),
      ],
    });
    for (const script of scripts) {
      addStackFile(this, `${folder}/${basename(script)}`, readFileSync(script, "utf8"));
    }
  }

  /** Changes whenever the command has run. */
  public get id(): string {
    return this.getStringAttribute("id");
  }

  protected override synthesizeAttributes(): { [name: string]: unknown } {
    const { input, onDestroy, triggers } = this.local;
    return {
      input: onDestroy === undefined ? input : templates(onDestroy.environment),
      triggers_replace: [...triggers],
    };
  }
}

function templates(environment: { readonly [name: string]: string }): { [name: string]: string } {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, template(value, name)]),
  );
}
