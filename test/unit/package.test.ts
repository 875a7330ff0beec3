import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");

/** What a user of machines that exist installs: no provider of AWS. */
const WITHOUT_AWS = ["cdktf", "constructs", "@cdktf/provider-docker", "commander", "ipaddr.js", "yaml"];

const consumer = mkdtempSync(join(tmpdir(), "consumer-"));
const modules = join(consumer, "node_modules");
const installed = join(modules, "cdktf-ray-cluster");

const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { cwd: consumer, encoding: "utf8" });
const node = (code: string) => run("node", "-e", code).trim();
const written = (name: string, text: string) => {
  writeFileSync(join(consumer, name), text);
  return name;
};

beforeAll(() => {
  if (!existsSync(join(ROOT, "dist/lib/index.js"))) {
    throw new Error("the package is not compiled: run 'npm run build' first");
  }
  // Without scripts: the check of the whole repository compiles once, and others read the result meanwhile.
  execFileSync("npm", ["pack", "--ignore-scripts", "--silent", "--pack-destination", consumer], {
    cwd: ROOT,
  });
  run("tar", "xzf", "cdktf-ray-cluster-0.1.0.tgz");
  mkdirSync(join(modules, "@cdktf"), { recursive: true });
  renameSync(join(consumer, "package"), installed);
  WITHOUT_AWS.forEach((name) => symlinkSync(join(ROOT, "node_modules", name), join(modules, name)));
});

afterAll(() => rmSync(consumer, { recursive: true, force: true }));

describe("the package in a project without the provider of AWS", () => {
  test("loads, and offers its own places by their entry points", () => {
    const code = `
      const { RayCluster } = require("cdktf-ray-cluster");
      const { LocalBackend } = require("cdktf-ray-cluster/local");
      const { HostsBackend } = require("cdktf-ray-cluster/hosts");
      const { CloudInitBackend } = require("cdktf-ray-cluster/cloud-init");
      console.log([RayCluster, LocalBackend, HostsBackend, CloudInitBackend].map(({ name }) => name).join());`;
    expect(node(code)).toBe("RayCluster,LocalBackend,HostsBackend,CloudInitBackend");
  });

  test("says which package the place on EC2 lacks", () => {
    const failed = 'try { require("cdktf-ray-cluster/aws") } catch ({ message }) { console.log(message) }';
    expect(node(failed)).toContain("'@cdktf/provider-aws/");
  });

  test("loads no provider before a place is used", () => {
    const code = `
      require("cdktf-ray-cluster");
      console.log(Object.keys(require.cache).filter((file) => file.includes("@cdktf/provider-")).length);`;
    expect(node(code)).toBe("0");
  });

  test("gives its names to ES modules", () => {
    const file = written(
      "app.mjs",
      'import { LocalBackend, RayCluster } from "cdktf-ray-cluster";\nconsole.log(LocalBackend.name, RayCluster.name);\n',
    );
    expect(run("node", file).trim()).toBe("LocalBackend RayCluster");
  });

  test.each(["node16", "node10"])("has types that are checked with module resolution %s", (resolution) => {
    const file = written(
      "app.ts",
      `import { App, TerraformStack } from "cdktf";
       import { Accelerator, EmulatedServe, Fabric, RayCluster } from "cdktf-ray-cluster";
       import { AwsBackend } from "cdktf-ray-cluster/aws";
       import { CloudInitBackend } from "cdktf-ray-cluster/cloud-init";
       import { HostsBackend } from "cdktf-ray-cluster/hosts";
       import { LocalBackend } from "cdktf-ray-cluster/local";
       export const places = [AwsBackend, CloudInitBackend, HostsBackend, LocalBackend];
       export const cluster = new RayCluster(new TerraformStack(new App(), "s"), "c", {
         backend: new LocalBackend(),
         pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU, acceleratorsPerNode: 2 }],
         fabric: Fabric.TCP,
         image: LocalBackend.emulationImage(),
         engine: new EmulatedServe(),
       });
      `,
    );
    const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
    const module = resolution === "node10" ? "commonjs" : resolution;
    const types = ["--types", "node", "--typeRoots", join(ROOT, "node_modules/@types")];
    const strict = ["--strict", "--skipLibCheck", "false", "--target", "es2022", "--noEmit"];
    const args = [tsc, "--module", module, "--moduleResolution", resolution, ...strict, ...types, file];
    expect(run("node", ...args)).toBe("");
  });

  test("has the command line", () => {
    const main = join(installed, "dist/lib/cli/main.js");
    expect(run("node", main, "explain", "RC438")).toContain("RC438");
  });

  test.each(["README.md", "lib/problems/RULES.md", "docs/decisions/README.md", "stacks/README.md"])(
    "%s has links that lead somewhere",
    (page) => {
      const text = readFileSync(join(installed, page), "utf8");
      const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target);
      const broken = targets.filter((target) => !existsSync(join(installed, dirname(page), target)));
      expect(broken).toEqual([]);
    },
  );

  test("maps its code to sources that are inside", () => {
    const map = JSON.parse(readFileSync(join(installed, "dist/lib/ray-cluster.js.map"), "utf8")) as {
      readonly sourcesContent?: readonly string[];
    };
    expect(map.sourcesContent?.[0]).toContain("class RayCluster");
  });
});
