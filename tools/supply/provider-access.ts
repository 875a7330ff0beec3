import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CommandError } from "../../lib/cli/base/command-error";
import { type ProviderId, whyInitFails } from "./init-probe";
import type { Progress } from "../../lib/cli/base/progress";
import { builtMirror, mirrorFor, type ProviderMirror, writeConfiguration } from "./provider-mirror";
import { findTerraform, type TerraformProgram } from "./terraform-program";

/** Names a folder of providers for every command of ours. */
export const MIRROR_VARIABLE = "RAY_CLUSTER_PROVIDER_MIRROR";

/** What our commands set so that `init` gets the providers; `undefined` removes a variable. */
export interface ProviderAccess {
  readonly environment: { readonly TF_CLI_CONFIG_FILE: string | undefined };
  /** Where the providers come from, for a person. */
  readonly origin: string;
}

export interface ProviderAccessOptions {
  /** @default - RAY_CLUSTER_PROVIDER_MIRROR, else none */
  readonly mirror?: string;
}

/**
 * Makes sure that `init` can get the providers: with the user's own configuration, else from the
 * mirror folder that the user names, else with what can be built from the Go module proxy.
 *
 * @throws CommandError that says what is missing and how to provide it
 */
export async function ensureProviders(
  ids: readonly ProviderId[],
  progress: Progress,
  options: ProviderAccessOptions = {},
): Promise<ProviderAccess> {
  const terraform = await findTerraform();
  const own = ownConfiguration(progress);
  const names = ids.join(" and ");
  progress.say(`looking for the ${names} provider with your ${terraform.product} configuration`);
  const refusal = await whyInitFails(terraform, ids, own);
  if (refusal === undefined) {
    return { environment: { TF_CLI_CONFIG_FILE: own }, origin: `your ${terraform.product} configuration` };
  }
  progress.say(`  init cannot get it there: ${reasonOf(refusal)}`);
  const mirrors = await findMirrors(terraform, ids, options.mirror, progress);
  const configuration = writeConfiguration(terraform, mirrors);
  const stillRefused = await whyInitFails(terraform, ids, configuration);
  if (stillRefused !== undefined) {
    throw new CommandError(
      `${terraform.product} cannot get the ${names} provider: ${stillRefused}`,
      `Name a mirror folder with --provider-mirror or ${MIRROR_VARIABLE} (${terraform.binary} providers mirror <folder> makes one).`,
    );
  }
  return { environment: { TF_CLI_CONFIG_FILE: configuration }, origin: originOf(mirrors) };
}

/** The user's TF_CLI_CONFIG_FILE; a name without a file only brings a warning into every output. */
function ownConfiguration(progress: Progress): string | undefined {
  const file = process.env.TF_CLI_CONFIG_FILE;
  if (file === undefined || file === "" || existsSync(file)) {
    return file;
  }
  progress.say(`TF_CLI_CONFIG_FILE names ${file}, which does not exist: left out`);
  return undefined;
}

async function findMirrors(
  terraform: TerraformProgram,
  ids: readonly ProviderId[],
  named: string | undefined,
  progress: Progress,
): Promise<ProviderMirror[]> {
  const folder = named ?? process.env[MIRROR_VARIABLE];
  const fromNamed: ProviderId[] = [];
  const mirrors: ProviderMirror[] = [];
  if (folder !== undefined && folder !== "") {
    if (!existsSync(folder)) {
      throw new CommandError(`the provider mirror ${folder} does not exist`);
    }
    const view = mirrorFor(terraform, resolve(folder));
    for (const id of ids) {
      if (await serves(terraform, view, id)) {
        fromNamed.push(id);
      } else {
        progress.say(`  ${folder} has no ${id} provider of a fitting version for this machine`);
      }
    }
    mirrors.push({ folder: view, providers: fromNamed });
  }
  for (const id of ids.filter((candidate) => !fromNamed.includes(candidate))) {
    const built = await builtMirror(id, progress);
    if (built !== undefined) {
      mirrors.push({ folder: mirrorFor(terraform, built), providers: [id] });
    }
  }
  return mirrors.filter((mirror) => mirror.providers.length > 0);
}

async function serves(terraform: TerraformProgram, folder: string, id: ProviderId): Promise<boolean> {
  const configuration = writeConfiguration(terraform, [{ folder, providers: [id] }]);
  return (await whyInitFails(terraform, [id], configuration)) === undefined;
}

/** The sentence of an error block of Terraform that says what happened, on one line. */
function reasonOf(refusal: string): string {
  const text = refusal.replace(/[\s│╷╵]+/g, " ").trim();
  return /could not .*?(?= To see which|$)/i.exec(text)?.[0] ?? text;
}

function originOf(mirrors: readonly ProviderMirror[]): string {
  return mirrors.map((mirror) => `${mirror.providers.join(", ")} from ${mirror.folder}`).join("; ");
}
