import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import type { Construct } from "constructs";
import { AccountCheck } from "../../lib/aws/account/account-check";
import type { Requirement } from "./requirements";
import { terraformBinary, terraformEnvironment } from "./terraform";

const PROVIDER = join("registry.terraform.io", "hashicorp", "aws");

/** The real provider, from a mirror on this machine or from wherever Terraform gets its providers. */
export const AWS_PROVIDER: Requirement = {
  what: "AWS provider (a mirror folder with registry.terraform.io/hashicorp/aws, or a registry)",
  isMet: () => {
    const folder = mkdtempSync(join(tmpdir(), "ray-cluster-requirement-"));
    try {
      const aws = { source: "hashicorp/aws", version: ">= 5.100.0, < 7.0.0" };
      writeFileSync(
        join(folder, "main.tf.json"),
        JSON.stringify({ terraform: { required_providers: { aws } } }),
      );
      awsTerraform(folder, "init", "-backend=false", "-input=false");
      return true;
    } catch {
      return false;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** What keeps the provider from asking AWS anything while it plans. */
const OFFLINE = {
  accessKey: "offline",
  secretKey: "offline",
  skipCredentialsValidation: true,
  skipRequestingAccountId: true,
  skipMetadataApiCheck: "true",
  skipRegionValidation: true,
} as const;

/** A provider that plans without asking AWS anything. */
export function offlineAwsProvider(scope: Construct, region = "us-east-1"): AwsProvider {
  return new AwsProvider(scope, "aws", { region, ...OFFLINE });
}

/** Makes such a provider of the one that a stack has. */
export function takeOffline(scope: Construct): void {
  const provider = scope.node.findAll().find((construct) => construct instanceof AwsProvider);
  Object.assign(provider as AwsProvider, OFFLINE);
  // What is asked of the account is asked while it is planned.
  for (const check of scope.node.findAll().filter((construct) => construct instanceof AccountCheck)) {
    check.node.scope?.node.tryRemoveChild(check.node.id);
  }
}

/** Runs Terraform with the AWS provider and returns what it printed; throws with its errors. */
export function awsTerraform(folder: string, ...args: readonly string[]): string {
  return execFileSync(terraformBinary(), [`-chdir=${folder}`, ...args, "-no-color"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    env: awsProviderEnvironment(),
    maxBuffer: 64 * 1024 * 1024,
  });
}

/** With it `init` finds the provider. */
export function awsProviderEnvironment(): NodeJS.ProcessEnv {
  const mirror = findMirror();
  if (mirror === undefined) {
    return terraformEnvironment();
  }
  const file = join(tmpdir(), `ray-cluster-aws-${process.pid}.tfrc`);
  writeFileSync(
    file,
    `provider_installation {\n  filesystem_mirror {\n    path = ${JSON.stringify(mirror)}\n  }\n}\n`,
  );
  return { ...terraformEnvironment(), TF_CLI_CONFIG_FILE: file };
}

/** A folder with a copy of the provider, where such folders usually are. */
function findMirror(): string | undefined {
  const above = [
    "/",
    "/opt",
    "/srv",
    "/usr/share",
    "/usr/local/share",
    "/var/lib",
    homedir(),
    join(homedir(), ".terraform.d"),
  ];
  return above
    .flatMap((folder) => childrenOf(folder).map((name) => join(folder, name)))
    .find((folder) => childrenOf(join(folder, PROVIDER)).length > 0);
}

function childrenOf(folder: string): string[] {
  try {
    return statSync(folder).isDirectory() ? readdirSync(folder) : [];
  } catch {
    return [];
  }
}
