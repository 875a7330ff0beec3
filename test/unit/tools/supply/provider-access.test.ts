import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import providers from "../../../../lib/catalog/providers.json";
import type { ProviderId } from "../../../../tools/supply/init-probe";
import { ensureProviders, type ProviderAccess } from "../../../../tools/supply/provider-access";
import { FakePrograms } from "../../../support/fake-programs";
import { recorded } from "../../cli/said";

const FIXTURES = join(__dirname, "../fixtures");
const GO_MODULE = providers.find((row) => row.id === "docker")?.goModule;
const DOCKER_FOLDER = "registry.terraform.io/kreuzwerker/docker";

describe("ensureProviders", () => {
  let host: FakePrograms;

  beforeEach(() => {
    const program = (name: string): string => join(FIXTURES, name);
    const others = { terraform: program("fake-terraform.sh"), go: program("fake-go.sh"), cp: "/bin/cp" };
    host = new FakePrograms({}, { ...others, chmod: "/bin/chmod" });
    Object.assign(process.env, {
      FAKE_PRODUCT: "Terraform",
      FAKE_REGISTRY: "",
      FAKE_GO_VERSION: "go1.26.8",
      FAKE_SUM: GO_MODULE?.sum,
      FAKE_MODULE: folder("module", "main.go"),
      GOROOT: "/some/go",
    });
    // As Go keeps its modules.
    chmodSync(join(host.folder, "module", "main.go"), 0o444);
  });
  afterEach(() => {
    host.restore();
  });

  /** A folder with these files. */
  function folder(name: string, ...files: readonly string[]): string {
    for (const file of files) {
      const path = join(host.folder, name, file);
      mkdirSync(join(path, ".."), { recursive: true });
      writeFileSync(path, "");
    }
    return join(host.folder, name);
  }

  function ensure(ids: readonly ProviderId[], mirror?: string): Promise<ProviderAccess> {
    return ensureProviders(ids, recorded().progress, { mirror });
  }

  function configurationOf(access: ProviderAccess): string {
    return readFileSync(access.environment.TF_CLI_CONFIG_FILE ?? "", "utf8");
  }

  function built(): string[] {
    const cache = join(host.folder, "cache/cdktf-ray-cluster/providers");
    return readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((path) => path.includes("_v"));
  }

  it("changes nothing where the user's own configuration gets them", async () => {
    Object.assign(process.env, { FAKE_REGISTRY: "up", TF_CLI_CONFIG_FILE: __filename });
    expect(await ensure(["docker"], "/not/looked/at")).toEqual({
      environment: { TF_CLI_CONFIG_FILE: __filename },
      origin: "your Terraform configuration",
    });
    expect(host.calls()).toHaveLength(2);
  });

  it("leaves out a TF_CLI_CONFIG_FILE that names no file, and says so", async () => {
    Object.assign(process.env, { FAKE_REGISTRY: "up", TF_CLI_CONFIG_FILE: "/no/such.tfrc" });
    const { progress, said } = recorded();
    const { environment } = await ensureProviders(["docker"], progress);
    expect(environment).toEqual({ TF_CLI_CONFIG_FILE: undefined });
    expect(said[0]).toBe("TF_CLI_CONFIG_FILE names /no/such.tfrc, which does not exist: left out");
  });

  it("takes them from the mirror that is named, and everything else from where it comes from", async () => {
    const mirror = folder("mirror", `${DOCKER_FOLDER}/4.6.0/linux_amd64/x`);
    const access = await ensure(["docker"], mirror);
    expect(access.origin).toBe(`docker from ${mirror}`);
    expect(configurationOf(access)).toBe(
      [
        "# Written by cdktf-ray-cluster; delete it at will.",
        "provider_installation {",
        "  filesystem_mirror {",
        `    path    = "${mirror}"`,
        '    include = ["registry.terraform.io/kreuzwerker/docker"]',
        "  }",
        "  direct {",
        '    exclude = ["registry.terraform.io/kreuzwerker/docker"]',
        "  }",
        "}",
        "",
      ].join("\n"),
    );
    expect(host.calls().filter((call) => call.startsWith("go "))).toEqual([]);
  });

  it("takes the mirror's name from the environment too", async () => {
    const mirror = folder("mirror", `${DOCKER_FOLDER}/4.6.0/linux_amd64/x`);
    process.env.RAY_CLUSTER_PROVIDER_MIRROR = mirror;
    expect((await ensure(["docker"])).origin).toBe(`docker from ${mirror}`);
  });

  it("fails with a mirror that is not there, and builds nothing", async () => {
    await expect(ensure(["docker"], "/no/such/mirror")).rejects.toThrow("/no/such/mirror does not exist");
    expect(host.calls().filter((call) => call.startsWith("go "))).toEqual([]);
  });

  it("builds the Docker provider once where nothing has it, with a word about that", async () => {
    const { progress, said } = recorded();
    const access = await ensureProviders(["docker"], progress);
    expect(said).toContainEqual(
      expect.stringMatching(/^the docker provider 4\.6\.0 is built .* 2 to 5 min$/),
    );
    expect(host.calls()).toContain(`go mod download -json ${GO_MODULE?.path}@${GO_MODULE?.version}`);
    expect(built()).toEqual([
      expect.stringMatching(
        /^docker-4\.6\.0-\w+\/registry\.terraform\.io\/kreuzwerker\/docker\/4\.6\.0\/linux_\w+\/terraform-provider-docker_v4\.6\.0$/,
      ),
    ]);
    expect(configurationOf(access)).toContain("/providers/docker-4.6.0-");

    const before = host.calls().filter((call) => call.startsWith("go ")).length;
    expect(await ensure(["docker"])).toEqual(access);
    expect(host.calls().filter((call) => call.startsWith("go "))).toHaveLength(before);
  });

  it("lets Go fetch the newer Go that the module asks for, whatever this shell says", async () => {
    process.env.GOTOOLCHAIN = "local";
    await ensure(["docker"]);
    const cache = join(host.folder, "cache/cdktf-ray-cluster/providers");
    expect(readFileSync(join(cache, built()[0] ?? ""), "utf8")).toBe(
      "built with GOTOOLCHAIN=auto, GOROOT=none",
    );
  });

  it("refuses a source with another checksum than the catalogue's, and keeps nothing", async () => {
    process.env.FAKE_SUM = "h1:other";
    await expect(ensure(["docker"])).rejects.toThrow(`has the checksum h1:other, expected ${GO_MODULE?.sum}`);
    expect(built()).toEqual([]);
  });

  it("builds what the mirror lacks, takes from it what it has", async () => {
    const mirror = folder("mirror", "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/x");
    const { progress, said } = recorded();
    const access = await ensureProviders(["docker", "aws"], progress, { mirror });
    expect(said).toContain(`  ${mirror} has no docker provider of a fitting version for this machine`);
    expect(access.origin).toMatch(new RegExp(`^aws from ${mirror}; docker from .*/providers/docker-4.6.0-`));
  });

  it("says what to do where a provider cannot be had", async () => {
    await expect(ensure(["aws"])).rejects.toMatchObject({
      message: expect.stringContaining("could not\n    │ connect to registry.terraform.io"),
      fix: expect.stringContaining("RAY_CLUSTER_PROVIDER_MIRROR"),
    });
  });

  it("serves OpenTofu, which asks for another host, from the same mirrors", async () => {
    process.env.FAKE_PRODUCT = "OpenTofu";
    const mirror = folder(
      "mirror",
      "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/x",
      `${DOCKER_FOLDER}/terraform-provider-docker_4.6.0_linux_amd64.zip`,
      `${DOCKER_FOLDER}/index.json`,
    );
    const access = await ensure(["docker", "aws"], mirror);
    const view = /path {4}= "(.*)"/.exec(configurationOf(access))?.[1] ?? "";
    expect(readdirSync(view, { recursive: true, encoding: "utf8" }).sort()).toEqual([
      "registry.opentofu.org",
      "registry.opentofu.org/hashicorp",
      "registry.opentofu.org/hashicorp/aws",
      "registry.opentofu.org/hashicorp/aws/5.100.0",
      "registry.opentofu.org/hashicorp/aws/5.100.0/linux_amd64",
      "registry.opentofu.org/hashicorp/aws/5.100.0/linux_amd64/x",
      "registry.opentofu.org/kreuzwerker",
      "registry.opentofu.org/kreuzwerker/docker",
      "registry.opentofu.org/kreuzwerker/docker/terraform-provider-docker_4.6.0_linux_amd64.zip",
    ]);
  });

  it("builds for OpenTofu what Terraform's mirrors would hold", async () => {
    process.env.FAKE_PRODUCT = "OpenTofu";
    expect((await ensure(["docker"])).origin).toMatch(/docker from .*\/mirror-views\//);
  });
});

describe("ensureProviders without Terraform", () => {
  it.each([
    ["is missing", {}, undefined, "terraform is not installed"],
    [
      "is something else",
      { terra: ["*|0|Terra v1"] as const },
      "terra",
      "terra is neither Terraform nor OpenTofu",
    ],
  ])("says so where the program %s", async (_, programs, name, message) => {
    const host = new FakePrograms(programs);
    if (name !== undefined) {
      process.env.TERRAFORM_BINARY_NAME = name;
    }
    await expect(ensureProviders(["docker"], recorded().progress)).rejects.toThrow(message);
    host.restore();
  });
});
