import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Consumer } from "../support/consumer";

/** What a user of machines that exist installs: no provider of AWS. */
let consumer: Consumer;
const node = (code: string) => consumer.run("node", "-e", code).trim();

beforeAll(() => {
  consumer = new Consumer(["@cdktf/provider-docker"]);
});

afterAll(() => consumer.remove());

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
    const file = consumer.write(
      "app.mjs",
      'import { LocalBackend, RayCluster } from "cdktf-ray-cluster";\nconsole.log(LocalBackend.name, RayCluster.name);\n',
    );
    expect(consumer.run("node", file).trim()).toBe("LocalBackend RayCluster");
  });

  test.each(["node16", "node10"])("has types that are checked with module resolution %s", (resolution) => {
    const file = consumer.write(
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
    const module = resolution === "node10" ? "commonjs" : resolution;
    const options = [
      "--module",
      module,
      "--moduleResolution",
      resolution,
      "--skipLibCheck",
      "false",
      "--noEmit",
    ];
    expect(consumer.typeCheck(file, ...options)).toBe("");
  });

  test("has the command line", () => {
    const main = join(consumer.installed, "dist/lib/cli/main.js");
    expect(consumer.run("node", main, "explain", "RC438")).toContain("RC438");
  });

  test.each(["README.md", "lib/problems/RULES.md", "docs/decisions/README.md", "stacks/README.md"])(
    "%s has links that lead somewhere",
    (page) => {
      const text = readFileSync(join(consumer.installed, page), "utf8");
      const targets = [...text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)].map(([, target]) => target);
      const broken = targets.filter((target) => !existsSync(join(consumer.installed, dirname(page), target)));
      expect(broken).toEqual([]);
    },
  );

  test("maps its code to sources that are inside", () => {
    const map = JSON.parse(readFileSync(join(consumer.installed, "dist/lib/ray-cluster.js.map"), "utf8")) as {
      readonly sourcesContent?: readonly string[];
    };
    expect(map.sourcesContent?.[0]).toContain("class RayCluster");
  });
});
