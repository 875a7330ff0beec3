import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PROVIDER_HOSTS = ["registry.terraform.io", "registry.opentofu.org"];

/** Terraform, or OpenTofu by `TERRAFORM_BINARY_NAME=tofu`. */
export function terraformBinary(): string {
  return process.env.TERRAFORM_BINARY_NAME ?? "terraform";
}

/** The user's environment; where `RAY_CLUSTER_PROVIDER_MIRROR` names a folder, the Docker provider comes from there. */
export function terraformEnvironment(): NodeJS.ProcessEnv {
  const environment = {
    ...process.env,
    CHECKPOINT_DISABLE: "1",
    TF_IN_AUTOMATION: "1",
    // cdktf's cache of plugins is for one `init` at a time: a second one takes away what the first has linked.
    CDKTF_DISABLE_PLUGIN_CACHE_ENV: "1",
  };
  const mirror = process.env.RAY_CLUSTER_PROVIDER_MIRROR;
  if (mirror === undefined) {
    return environment;
  }
  return { ...environment, TF_CLI_CONFIG_FILE: configurationFile(mirror) };
}

/** Runs Terraform in `folder` and returns what it printed; throws with its errors. */
export function terraform(folder: string, ...args: readonly string[]): string {
  return execFileSync(terraformBinary(), [`-chdir=${folder}`, ...args, "-no-color"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: terraformEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** Runs Terraform in a folder, as `terraform` does. */
export type TerraformRunner = typeof terraform;

/** `terraform init` of a synthesized stack, with its state in the same folder: cdktf names the working directory. */
export function initialise(folder: string, run: TerraformRunner = terraform): void {
  run(folder, "init", "-input=false", "-backend-config=path=terraform.tfstate");
}

/** The same folder gives the same file, so that runs do not pile up files. */
function configurationFile(mirror: string): string {
  const providers = JSON.stringify(PROVIDER_HOSTS.map((host) => `${host}/kreuzwerker/docker`));
  const text = [
    "provider_installation {",
    `  filesystem_mirror {\n    path    = ${JSON.stringify(mirror)}\n    include = ${providers}\n  }`,
    `  direct {\n    exclude = ${providers}\n  }`,
    "}\n",
  ].join("\n");
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const file = join(tmpdir(), `ray-cluster-test-${hash}.tfrc`);
  writeFileSync(file, text);
  return file;
}
