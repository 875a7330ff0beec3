import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Progress } from "../../lib/cli/base/progress";
import { run, runOrFail } from "../../lib/cli/base/process";
import type { Show } from "./check";
import { CDKTN_EDITION, cdktnVersions } from "./cdktn-package";
import { ROOT } from "./program";

/** What must hold of the package in a project of somebody else. */
interface PackageCase {
  readonly name: string;
  holds(consumer: CdktnConsumer): Promise<boolean>;
}

/** A project with the package of the edition, its peers and nothing of CDKTF. */
export class CdktnConsumer {
  /** Installs a tarball, and the other packages from their registry. */
  public static async installed(folder: string, tarball: string, show: Show): Promise<CdktnConsumer> {
    const { cdktn, constructs } = cdktnVersions();
    const dependencies = { [CDKTN_EDITION]: `file:${tarball}`, cdktn, constructs };
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, dependencies }));
    const options = ["--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    await new Progress(show).step(`install ${CDKTN_EDITION}`, () =>
      runOrFail("npm", ["install", ...options], { cwd: folder }),
    );
    return new CdktnConsumer(folder, show);
  }

  private constructor(
    private readonly folder: string,
    private readonly show: Show,
  ) {
    writeFileSync(join(folder, "app.ts"), exampleOf(this.read(`node_modules/${CDKTN_EDITION}/README.md`)));
  }

  /** Runs a program in the project; `undefined`: it failed. */
  public async output(program: string, ...args: readonly string[]): Promise<string | undefined> {
    const { exitCode, stdout, stderr } = await run(program, args, { cwd: this.folder });
    if (exitCode !== 0) {
      `${stdout}\n${stderr}`.split("\n").forEach((line) => this.show(line));
    }
    return exitCode === 0 ? stdout : undefined;
  }

  /** A file of the project. */
  public read(path: string): string {
    return readFileSync(join(this.folder, path), "utf8");
  }
}

function exampleOf(page: string): string {
  const [, example] = /```ts\n([^]*?)```/.exec(page) ?? [];
  if (example === undefined) {
    throw new Error(`the README of ${CDKTN_EDITION} has no example`);
  }
  return example;
}

const COMPILER = join(ROOT, "node_modules/typescript/bin/tsc");
const COMPILED = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "node16"];
const NODE_TYPES = ["--typeRoots", join(ROOT, "node_modules/@types"), "--types", "node"];

/** In this order: later ones read what earlier ones wrote. */
export const PACKAGE_CASES: readonly PackageCase[] = [
  {
    name: "installs no CDKTF and no provider of AWS",
    holds: async (consumer) => {
      const found = await consumer.output("npm", "ls", "--all", "--parseable");
      return found !== undefined && !/node_modules\/(cdktf|@cdktf|@cdktn\/provider-aws)$/m.test(found);
    },
  },
  {
    name: "its example compiles",
    holds: async (consumer) =>
      (await consumer.output("node", COMPILER, ...COMPILED, ...NODE_TYPES, "app.ts")) !== undefined,
  },
  {
    name: "its example synthesizes a cluster",
    holds: async (consumer) => {
      if ((await consumer.output("node", "app.js")) === undefined) {
        return false;
      }
      const { resource, terraform } = JSON.parse(consumer.read("cdktf.out/stacks/my-stack/cdk.tf.json")) as {
        readonly resource: { readonly docker_container: object };
        readonly terraform: { readonly required_providers: { readonly docker: { readonly source: string } } };
      };
      const nodes = Object.keys(resource.docker_container).filter((id) => /npu-\d/.test(id));
      return nodes.length === 2 && terraform.required_providers.docker.source === "kreuzwerker/docker";
    },
  },
  {
    name: "its command line explains a rule",
    holds: async (consumer) =>
      (await consumer.output("npx", "--no", "cdktf-ray-cluster", "explain", "RC438"))?.includes("RC438") ??
      false,
  },
];
