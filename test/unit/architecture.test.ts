import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const ROOT = resolve(__dirname, "../..");
const MAXIMUM_LINES = 300;
/** Goes over ssh to a machine that has nothing of ours yet, so it is one text. */
const ONE_TEXT = "bootstrap/rootfs/usr/local/lib/ray-cluster/check-machine.sh";

const DIRECTION = "import-x/no-restricted-paths";
const IMPORTS = "no-restricted-imports";

/** What must not be: the sentence that it breaks, file, import, rule that says so. */
const FORBIDDEN: readonly [string, string, string, string][] = [
  ["problems know nobody", "lib/problems/x.ts", "../topology/planner", DIRECTION],
  ["catalog knows nobody", "lib/catalog/x.ts", "../topology/plan/plan", DIRECTION],
  ["topology does not know engines", "lib/topology/x.ts", "../engines/emulated/emulated-serve", DIRECTION],
  ["engines do not know the runtime", "lib/engines/x.ts", "../runtime/node-config/node-config", DIRECTION],
  ["the runtime does not know the review", "lib/runtime/x.ts", "../review/review", DIRECTION],
  ["the review does not know Terraform", "lib/review/x.ts", "../terraform/encode", DIRECTION],
  ["Terraform helpers do not know a backend", "lib/terraform/x.ts", "../docker/local/network", DIRECTION],
  ["a backend does not know the composition", "lib/docker/x.ts", "../ray-cluster", DIRECTION],
  ["the composition knows no backend", "lib/ray-cluster.ts", "./docker/local/local-backend", DIRECTION],
  ["nor the one of any provider", "lib/ray-cluster.ts", "./cloud-init/cloud-init-backend", DIRECTION],
  ["a place does not know another", "lib/cloud-init/x.ts", "../docker/local/network", DIRECTION],
  ["the boot does not know who makes the machine", "lib/bootstrap/x.ts", "../cloud-init/settings", DIRECTION],
  ["the library does not know its command line", "lib/docker/x.ts", "../cli/main", DIRECTION],
  ["the library does not know the stacks", "lib/index.ts", "../stacks/local-2x8", DIRECTION],
  ["the library does not know its tests", "lib/review/x.ts", "../../test/support/clusters", DIRECTION],
  ["a stack knows only the public API", "stacks/x.ts", "../lib/docker/local/local-backend", DIRECTION],
  ["a stack does not know the demo", "stacks/x.ts", "../tools/demo/demo", DIRECTION],
  ["the app knows only its stacks", "main.ts", "./lib/index", DIRECTION],
  ["a declaration does not know the plan", "lib/topology/declaration/x.ts", "../plan/plan", DIRECTION],
  ["the plan does not know the rules", "lib/topology/plan/x.ts", "../rules/index", DIRECTION],
  ["an engine does not know another", "lib/engines/vllm/x.ts", "../roll/roll-profile", DIRECTION],
  ["machines of EC2 do not know the cluster", "lib/aws/pool/x.ts", "../cluster/aws-cluster", DIRECTION],
  ["local containers do not know hosts", "lib/docker/local/x.ts", "../hosts/inventory", DIRECTION],
  ["the package does not know the tools of a clone", "lib/cli/x.ts", "../../tools/demo/demo", DIRECTION],
  ["topology is pure of cdktf", "lib/topology/x.ts", "cdktf", IMPORTS],
  ["the catalogue is pure of constructs", "lib/catalog/x.ts", "constructs", IMPORTS],
  ["the runtime is pure of providers", "lib/runtime/x.ts", "@cdktf/provider-docker/lib/container", IMPORTS],
  ["the review is pure of parts of cdktf", "lib/review/x.ts", "cdktf/lib/token", IMPORTS],
  ["the command line starts without cdktf", "lib/cli/x.ts", "cdktf", IMPORTS],
  ["no barrel of a provider", "lib/docker/x.ts", "@cdktf/provider-docker", IMPORTS],
  ["no lazy barrel of a provider", "lib/docker/x.ts", "@cdktf/provider-aws/lib/lazy-index", IMPORTS],
  ["no barrel in a stack", "stacks/x.ts", "@cdktf/provider-aws", IMPORTS],
  ["no barrel in a test", "test/x.ts", "@cdktf/provider-aws", IMPORTS],
];

/** What the design allows. */
const ALLOWED: readonly [string, string][] = [
  ["lib/topology/x.ts", "../catalog/accelerators"],
  ["lib/runtime/x.ts", "../topology/plan/plan"],
  ["lib/review/x.ts", "../runtime/paths"],
  ["lib/docker/x.ts", "../terraform/encode"],
  ["lib/cloud-init/x.ts", "../bootstrap/cloud-config"],
  ["lib/docker/x.ts", "@cdktf/provider-docker/lib/container"],
  ["lib/ray-cluster.ts", "./terraform/cluster-backend"],
  ["lib/cli/x.ts", "../docker/images/emulation-image"],
  ["stacks/x.ts", "../lib"],
  ["stacks/x.ts", "../tools/images/vllm-cpu-image"],
  ["main.ts", "./stacks/local-2x8"],
  ["test/x.test.ts", "../lib/topology/plan/plan"],
];

/** nodes.ts imports spec.ts; with this spec.ts imports nodes.ts. */
const CYCLE = {
  file: "lib/topology/plan/spec.ts",
  code: `import { planNodes } from "./nodes";\nexport const countableNodes = planNodes;\n`,
};

interface Snippet {
  readonly file: string;
  readonly code: string;
}

function valueImport(file: string, imported: string): Snippet {
  return { file, code: `import { a } from "${imported}";\nexport const b = a;\n` };
}

function typeImport(file: string, imported: string): Snippet {
  return { file, code: `import type { a } from "${imported}";\nexport type b = a;\n` };
}

/** Rules that complain, one list per snippet. */
function lint(snippets: readonly Snippet[]): string[][] {
  const program = join(__dirname, "../support/lint.mjs");
  return JSON.parse(
    execFileSync(process.execPath, [program], { input: JSON.stringify(snippets), encoding: "utf8" }),
  );
}

describe("the lint rules", () => {
  const [cycle, ...answers] = lint([
    CYCLE,
    ...FORBIDDEN.map(([, file, imported]) => valueImport(file, imported)),
    ...FORBIDDEN.map(([, file, imported]) => typeImport(file, imported)),
    ...ALLOWED.map(([file, imported]) => valueImport(file, imported)),
  ]);
  const [values, types, allowed] = [0, 1, 2].map((part) =>
    answers.slice(part * FORBIDDEN.length, part === 2 ? undefined : (part + 1) * FORBIDDEN.length),
  );

  it.each(FORBIDDEN.map(([sentence, , , rule], index) => [sentence, rule, index] as const))(
    "hold: %s",
    (_, rule, index) => {
      expect(values[index]).toContain(rule);
      expect(types[index]).toContain(rule);
    },
  );

  it.each(ALLOWED.map(([file, imported], index) => [file, imported, index] as const))(
    "leave alone what the design allows: %s imports %s",
    (_, __, index) => {
      expect(allowed[index]).toEqual([]);
    },
  );

  it("find a cycle", () => {
    expect(cycle).toEqual(["import-x/no-cycle"]);
  });
});

describe("files of the library", () => {
  const sources = readdirSync(join(ROOT, "lib"), { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.(ts|py|sh|dockerfile)$/.test(file),
  );

  it("are found, of both languages", () => {
    expect(sources.filter((file) => file.endsWith(".ts")).length).toBeGreaterThan(30);
    expect(sources.filter((file) => file.endsWith(".py")).length).toBeGreaterThan(10);
  });

  it(`have at most ${MAXIMUM_LINES} lines each`, () => {
    const long = sources
      .map((file) => [file, readFileSync(join(ROOT, "lib", file), "utf8").split("\n").length - 1] as const)
      .filter(([file, lines]) => lines > MAXIMUM_LINES && file !== ONE_TEXT);
    expect(long).toEqual([]);
  });
});
