import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cached, cacheFolder, inputsKey } from "../../lib/cli/base/cache-folder";
import { buildGoProgram, type GoProgram } from "./go-program";
import { type ProviderId, providerRow } from "./init-probe";
import type { Progress } from "../../lib/cli/base/progress";
import type { TerraformProgram } from "./terraform-program";

/** A folder of providers, laid out as Terraform's `filesystem_mirror` wants it. */
export interface ProviderMirror {
  readonly folder: string;
  /** What is taken from it; everything else comes from where it usually comes from. */
  readonly providers: readonly ProviderId[];
}

/** The host that mirrors are made for, as a rule. */
const REGISTRY = "registry.terraform.io";

/** Terraform's names for Node's architectures. */
const ARCHITECTURES: { readonly [arch: string]: string } = { x64: "amd64" };

/**
 * A mirror of one provider, built from the Go module proxy into the cache.
 *
 * @returns `undefined` if the provider has no module in the catalogue
 */
export async function builtMirror(id: ProviderId, progress: Progress): Promise<string | undefined> {
  const module = goModuleOf(id);
  if (module === undefined) {
    return undefined;
  }
  const platform = `${process.platform}_${ARCHITECTURES[process.arch] ?? process.arch}`;
  const name = `${id}-${module.providerVersion}-${inputsKey(JSON.stringify(module), platform)}`;
  return cached(join(cacheFolder(), "providers", name), async (work) => {
    progress.say(
      `the ${id} provider ${module.providerVersion} is built from the Go module proxy, once for this user; ` +
        "with two cores that takes 2 to 5 min",
    );
    const mirror = join(work, "mirror");
    const [namespace = "", type = ""] = providerRow(id).address.split("/");
    const folder = join(mirror, REGISTRY, namespace, type, module.providerVersion, platform);
    mkdirSync(folder, { recursive: true });
    const program = join(folder, `terraform-provider-${type}_v${module.providerVersion}`);
    await buildGoProgram(module, program, work, progress);
    return mirror;
  });
}

/**
 * The mirror as `terraform` looks into it. OpenTofu asks for another host than most mirrors hold, and
 * the providers are the same: for it, a folder of links with its host.
 */
export function mirrorFor(terraform: TerraformProgram, mirror: string): string {
  if (existsSync(join(mirror, terraform.registryHost)) || !existsSync(join(mirror, REGISTRY))) {
    return mirror;
  }
  const view = join(cacheFolder(), "mirror-views", inputsKey(mirror, terraform.registryHost));
  for (const file of providerFiles(mirror)) {
    const link = join(view, terraform.registryHost, file);
    mkdirSync(dirname(link), { recursive: true });
    if (!existsSync(link)) {
      // Of an earlier content of the mirror.
      rmSync(link, { force: true });
      symlinkSync(join(mirror, REGISTRY, file), link);
    }
  }
  return view;
}

/** `<namespace>/<type>/<version>/<platform>` folders, and packed `<namespace>/<type>/*.zip` files. */
function providerFiles(mirror: string): string[] {
  const children = (parts: readonly string[]): (readonly string[])[] =>
    readdirSync(join(mirror, REGISTRY, ...parts), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink() || entry.name.endsWith(".zip"))
      .map((entry) => [...parts, entry.name]);
  const providers = children([]).flatMap(children);
  const packed = providers.flatMap(children);
  return packed
    .flatMap((parts) => (parts.at(-1)?.endsWith(".zip") ? [parts] : children(parts)))
    .map((parts) => join(...parts));
}

/** Writes a CLI configuration that takes these providers from their mirrors, and returns its path. */
export function writeConfiguration(terraform: TerraformProgram, mirrors: readonly ProviderMirror[]): string {
  const addresses = (ids: readonly ProviderId[]): string =>
    JSON.stringify(ids.map((id) => `${terraform.registryHost}/${providerRow(id).address}`));
  const blocks = mirrors.flatMap((mirror) => [
    "  filesystem_mirror {",
    `    path    = ${JSON.stringify(mirror.folder)}`,
    `    include = ${addresses(mirror.providers)}`,
    "  }",
  ]);
  const text = [
    "# Written by cdktf-ray-cluster; delete it at will.",
    "provider_installation {",
    ...blocks,
    "  direct {",
    `    exclude = ${addresses(mirrors.flatMap((mirror) => mirror.providers))}`,
    "  }",
    "}",
    "",
  ].join("\n");
  const file = join(cacheFolder(), "terraform", `${inputsKey(text)}.tfrc`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function goModuleOf(id: ProviderId): (GoProgram & { readonly providerVersion: string }) | undefined {
  const row = providerRow(id);
  return "goModule" in row ? row.goModule : undefined;
}
