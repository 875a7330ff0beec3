import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import providers from "../../lib/catalog/providers.json";
import { howItEnded, run } from "../../lib/cli/base/process";
import type { TerraformProgram } from "./terraform-program";

/** Ids of `catalog/providers.json`. */
export type ProviderId = "docker" | "aws";

/** A registry that does not answer must not hold a person up. */
const REGISTRY_SECONDS = "10";
/** The AWS provider has more than 100 MB. */
const DOWNLOAD_SECONDS = 600;

export function providerRow(id: ProviderId): (typeof providers)[number] {
  const row = providers.find((candidate) => candidate.id === id);
  if (row === undefined) {
    throw new Error(`no row '${id}' in catalog/providers.json`);
  }
  return row;
}

/**
 * Whether `init` can get these providers with a CLI configuration: nothing else knows that, since it
 * may name mirrors, credentials and caches.
 *
 * @param configurationFile `undefined`: the user's own
 * @returns `undefined` if it can, else what init said
 */
export async function whyInitFails(
  terraform: TerraformProgram,
  ids: readonly ProviderId[],
  configurationFile: string | undefined,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "cdktf-ray-cluster-init-"));
  const options = {
    timeoutSeconds: DOWNLOAD_SECONDS,
    environment: {
      CHECKPOINT_DISABLE: "1",
      TF_IN_AUTOMATION: "1",
      TF_CLI_CONFIG_FILE: configurationFile,
      TF_REGISTRY_CLIENT_TIMEOUT: REGISTRY_SECONDS,
      TF_REGISTRY_DISCOVERY_RETRY: "0",
    },
  };
  try {
    const wanted = ids.map((id): [string, object] => {
      const row = providerRow(id);
      return [id, { source: row.address, version: row.versions }];
    });
    writeFileSync(
      join(folder, "main.tf.json"),
      JSON.stringify({ terraform: { required_providers: Object.fromEntries(wanted) } }),
    );
    const outcome = await run(
      terraform.binary,
      [`-chdir=${folder}`, "init", "-backend=false", "-input=false", "-no-color"],
      options,
    );
    return outcome.exitCode === 0 ? undefined : `init ${howItEnded(outcome, options)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
