import { CommandError } from "../../lib/cli/base/command-error";
import { run } from "../../lib/cli/base/process";

/** The program that reads the synthesized configuration. */
export interface TerraformProgram {
  /** As it is called. */
  readonly binary: string;
  readonly product: "Terraform" | "OpenTofu";
  readonly version: string;
  /** Host of the registry that a provider without a host is looked up at. */
  readonly registryHost: string;
}

/**
 * Terraform, or what `TERRAFORM_BINARY_NAME` names, as CDKTF's own commands read it.
 *
 * @throws CommandError where it does not run
 */
export async function findTerraform(): Promise<TerraformProgram> {
  const binary = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
  const environment = { CHECKPOINT_DISABLE: "1", TF_CLI_CONFIG_FILE: undefined };
  const { stdout, missing } = await run(binary, ["version"], { environment });
  const [, product, version] = /^(Terraform|OpenTofu) v(\S+)/m.exec(stdout) ?? [];
  if (product === undefined || version === undefined) {
    throw new CommandError(
      missing ? `${binary} is not installed` : `${binary} is neither Terraform nor OpenTofu`,
      "Install Terraform (developer.hashicorp.com/terraform/install), or OpenTofu and set TERRAFORM_BINARY_NAME=tofu.",
    );
  }
  return product === "OpenTofu"
    ? { binary, product, version, registryHost: "registry.opentofu.org" }
    : { binary, product: "Terraform", version, registryHost: "registry.terraform.io" };
}
