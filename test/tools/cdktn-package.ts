import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Outcome, runOrFail } from "../../lib/cli/base/process";
import type { Show } from "./check";
import { DOCKER } from "./cdktn-copy";
import { ROOT, runShown } from "./program";

/** Name of the package for apps on CDK Terrain. */
export const CDKTN_EDITION = "cdktn-ray-cluster";

interface Versions {
  readonly [name: string]: string;
}

interface PackageJson {
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly files: readonly string[];
  readonly scripts: Versions;
  readonly dependencies: Versions;
  readonly peerDependencies: Versions;
  readonly devDependencies: Versions;
}

/** Compiles a copy for CDK Terrain as the package for CDKTF is compiled. */
export function buildEdition(show: Show, copy: string): Promise<Outcome> {
  for (const file of ["tsconfig.json", "tsconfig.build.json", ...PAGES]) {
    cpSync(join(ROOT, file), join(copy, file));
  }
  cpSync(join(__dirname, "cdktn/README.md"), join(copy, "README.md"));
  writeFileSync(join(copy, "package.json"), JSON.stringify(editionOf(packageJson("package.json")), null, 2));
  const programs = join(ROOT, "node_modules", ".bin");
  return runShown(show, "npm", ["run", "--silent", "build"], {
    cwd: copy,
    environment: { PATH: [programs, process.env.PATH].join(delimiter) },
  });
}

/** The tarball of a copy that was compiled. @returns its path */
export async function packEdition(copy: string, folder: string): Promise<string> {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const [{ filename }] = JSON.parse(await runOrFail("npm", args, { cwd: copy })) as readonly {
    readonly filename: string;
  }[];
  return join(folder, filename);
}

/** Versions of the packages of CDK Terrain that the edition is tested with. */
export function cdktnVersions(): Versions {
  return packageJson("test/tools/cdktn/package.json").dependencies;
}

/** Pages of the repository's root that travel, besides the edition's own README. */
const PAGES = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "RELEASING.md", "SECURITY.md"];

function packageJson(path: string): PackageJson {
  return JSON.parse(readFileSync(join(ROOT, path), "utf8")) as PackageJson;
}

function editionOf(ours: PackageJson): object {
  const { cdktn, constructs, "@cdktn/provider-aws": aws } = cdktnVersions();
  return {
    ...ours,
    name: CDKTN_EDITION,
    description: ours.description.replace("CDK for Terraform", "CDK Terrain"),
    keywords: ours.keywords.map((word) => (word === "cdktf" ? "cdktn" : word)),
    scripts: { build: ours.scripts.build },
    dependencies: { ...ours.dependencies, [DOCKER]: "0.0.0" },
    bundleDependencies: [DOCKER],
    peerDependencies: { "@cdktn/provider-aws": `^${aws}`, cdktn: `^${cdktn}`, constructs },
    peerDependenciesMeta: { "@cdktn/provider-aws": { optional: true } },
    devDependencies: undefined,
  };
}
