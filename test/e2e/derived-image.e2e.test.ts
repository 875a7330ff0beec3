/**
 * An image without Ray gets it during the deploy from a real package index; nothing of its base changes; pip's
 * configuration does not leak; a conflict fails with its reason; Ray's dashboard is on, for its owner alone.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emulationImageTag, emulationRayVersion } from "../../lib/docker/images/emulation-image";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { describeWith } from "../support/requirements";
import { containerOf, expectServing, note, stateOf } from "./support/cluster";
import { Docker } from "./support/docker";
import { OwnDaemon } from "./support/own-daemon";
import { type HostPip, hostPip, PACKAGE_INDEX, SMALL_PACKAGE } from "./support/package-index";
import { owner, whileOwner } from "./support/owner";
import { makePipBase } from "./support/pip-base";
import { type Project, unwrapped } from "./support/project";
import { DEPLOYMENT, OWN_DAEMON } from "./support/requirements";
import { everythingBelow } from "./support/secret-search";
import { smallCluster } from "./support/small-cluster";

const NAME = "e2e-derived";
const BASE = "ray-cluster-e2e/base-without-ray:1";
const HELD_RAY = `ray==${emulationRayVersion()}`;
/** With its dashboard. */
const RAY = `ray[default]==${emulationRayVersion()}`;
const SMALL = `${SMALL_PACKAGE.name}==${SMALL_PACKAGE.version}`;
const DERIVED = ContainerImage.withPythonPackages(ContainerImage.of(BASE), [SMALL, RAY]).reference;
/** Ray runs with it, and the base image holds another one. */
const OTHER_CLICK = "click==8.1.7";
const CONFLICTING = ContainerImage.withPythonPackages(ContainerImage.of(DERIVED), [OTHER_CLICK]).reference;
const FITS = "The added packages must fit the base image without a change to any package that it holds.";

/** Of a folder that does not exist: pip prints it, so it shows that the configuration was read. */
const READ = "/e2e-pip-configuration-was-read";
/** As a password would stand there; pip prints it nowhere. */
const SECRET = `secret-${"0123456789abcdef".repeat(2)}`;

/** `name==version` of everything that a Python finds. */
const LIST = `
from importlib.metadata import distributions
print("\\n".join(sorted({f"{d.name}=={d.version}" for d in distributions()})))
`;

describeWith([...DEPLOYMENT, PACKAGE_INDEX], "an image with further Python packages", () => {
  const docker = new Docker();
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-pip-"));
  const pip = hostPip();
  const files = {
    pipConfigurationFile: join(folder, "pip.conf"),
    certificateAuthoritiesFile: pip.certificates,
  };
  const { project, cluster } = smallCluster(NAME, {
    subnetCidr: "10.89.122.0/24",
    apiPort: 8122,
    derived: { base: BASE, packages: [SMALL, RAY], ...files },
  });
  let held: string[];
  let deployed: string;

  beforeAll(async () => {
    await docker.sweep(NAME);
    await docker.everything("image", "rm", DERIVED);
    writeFileSync(files.pipConfigurationFile, configuration(pip));
    await makeBase(docker, pip.folder);
    held = (await docker.output("run", "--rm", "--entrypoint", "python3", BASE, "-c", LIST)).split("\n");
    const { output, exitCode, seconds } = await project.deploy(500);
    note(`cdktf deploy: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
    expect(output).toContain("Apply complete!");
    deployed = output;
  }, 700_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    await docker.everything("image", "rm", "--force", DERIVED, CONFLICTING, BASE);
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 200_000);

  it("serves with the Ray that was added", async () => {
    expect(held.filter((line) => line.startsWith("ray=="))).toEqual([]);
    await expectServing(cluster);
    expect((await stateOf(cluster)).state).toBe("serving");
  }, 150_000);

  it("holds on every node what was added, and everything of its base as it was", async () => {
    for (const node of cluster.nodes) {
      const container = containerOf(cluster, node);
      const found = (await docker.output("exec", container, "python3", "-c", LIST)).split("\n");
      expect(found).toEqual(expect.arrayContaining([...held, SMALL, HELD_RAY]));
      const where = `import ${SMALL_PACKAGE.name}; print(${SMALL_PACKAGE.name}.__file__)`;
      expect(await docker.output("exec", container, "python3", "-c", where)).toContain("/dist-packages/");
    }
  }, 150_000);

  it("has a dashboard for its owner: nodes are listed and jobs submitted", async () => {
    const head = containerOf(cluster, cluster.nodes[0]);
    const listed = await docker.output("exec", head, "ray", "list", "nodes");
    expect(listed.match(/ ALIVE /g)).toHaveLength(2);
    const program = "import ray; ray.init(); print('nodes of the job:', len(ray.nodes()))";
    const job = await docker.output("exec", head, "ray", "job", "submit", "--", "python3", "-c", program);
    expect(job).toContain("nodes of the job: 2");
    expect(job).toMatch(/succeeded/);
  }, 240_000);

  it("lets nobody reach the dashboard but through a tunnel, and there only with the token", async () => {
    const reach = "import socket, sys; socket.create_connection((sys.argv[1], 8265), 5)";
    const from = (node: string, address: string) =>
      docker.everything("exec", containerOf(cluster, node), "python3", "-c", reach, address);
    expect(await from("npu-0", "127.0.0.1")).toBe("");
    expect(await from("npu-0", "10.89.122.10")).toContain("ConnectionRefusedError");
    expect(await from("npu-1", "10.89.122.10")).toContain("ConnectionRefusedError");
    await whileOwner(project, "forward", ["--local-port", "18265"], async (said) => {
      expect(said()).toContain("http://127.0.0.1:18265 is port 8265 of npu-0");
      const nodes = "http://127.0.0.1:18265/nodes?view=summary";
      expect((await fetch(nodes)).status).toBe(401);
      const shown = await owner(project, "run", ["--", "cat", "/var/lib/ray-cluster/secrets/ray-token"]);
      const headers = { Authorization: `Bearer ${shown.stdout.trim()}` };
      const answer = await fetch(nodes, { headers });
      expect([answer.status, await answer.text()]).toEqual([200, expect.stringContaining("10.89.122.11")]);
    });
  }, 240_000);

  it("has read the pip configuration, and keeps nothing of it", async () => {
    expect(buildLog(project, DERIVED)).toContain(READ);
    const saved = await project.terraform("plan", "-input=false", "-lock=false", "-out=search.tfplan");
    const search = ["--entrypoint", "grep", DERIVED, "-rlsI", "--exclude-dir=proc", "--exclude-dir=sys"];
    const places = {
      output: deployed,
      plan: saved.output + (await project.terraform("show", "-json", "search.tfplan")).stdout,
      state: project
        .stateFiles()
        .map((file) => readFileSync(file, "utf8"))
        .join("\n"),
      synthesized: everythingBelow(project.outputFolder),
      history: await docker.output("image", "history", "--no-trunc", DERIVED),
      image: await docker.output("image", "inspect", DERIVED),
    };
    for (const [place, text] of Object.entries(places)) {
      expect([place, text.includes(SECRET)]).toEqual([place, false]);
    }
    expect(places.state).toContain(files.pipConfigurationFile);
    expect(await docker.everything("run", "--rm", ...search, SECRET, "/")).toBe("");
    // The same search finds what is there.
    expect(await docker.everything("run", "--rm", ...search, `Name: ${SMALL_PACKAGE.name}`, "/")).toContain(
      "METADATA",
    );
  }, 240_000);

  it("changes nothing in a second deployment", async () => {
    const identity = async (): Promise<string[]> => [
      await docker.output("image", "inspect", "--format", "{{.Id}}", DERIVED),
      ...(await Promise.all(cluster.nodes.map((node) => docker.inspect(containerOf(cluster, node))))).map(
        ({ Id }) => Id,
      ),
    ];
    const before = await identity();
    const again = await project.deploy();
    expect(again.output).toContain("Resources: 0 added, 0 changed, 0 destroyed.");
    expect(await identity()).toEqual(before);
  }, 200_000);

  it("stays on the machine when the cluster is taken away", async () => {
    expect((await project.destroy()).exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
    expect(await docker.output("image", "inspect", "--format", "{{index .RepoTags 0}}", DERIVED)).toBe(
      DERIVED,
    );
  }, 200_000);

  it("fails to build where the base would change, and says what would", async () => {
    const other = smallCluster(NAME, {
      subnetCidr: "10.89.122.0/24",
      apiPort: 8122,
      derived: { base: DERIVED, baseRayVersion: emulationRayVersion(), packages: [OTHER_CLICK], ...files },
    });
    const failed = await other.project.deploy();
    note(`conflict: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
    expect(failed.exitCode).not.toBe(0);
    const again = await other.project.terraform("apply", "-auto-approve", "-input=false");
    expect(unwrapped(again)).toContain(FITS);
    expect(buildLog(other.project, CONFLICTING)).toMatch(
      /cannot add Python packages: click==8\.1\.7 is to be added, and the base image holds click 8\.1\.\d+/,
    );
    expect(await docker.containers(NAME)).toEqual([]);
    expect((await docker.everything("image", "inspect", CONFLICTING)).trim()).toMatch(/No such image/);
    await other.project.destroy();
    other.project.remove();
  }, 300_000);

  describeWith([OWN_DAEMON], "for a daemon that is named", () => {
    const daemon = new OwnDaemon("bridge");
    const base = "ray-cluster-e2e/complete:1";
    const other = smallCluster(`${NAME}-own`, {
      subnetCidr: "10.89.123.0/24",
      apiPort: 8123,
      dockerHost: daemon.host,
      // Held already: this daemon has no way to an index.
      derived: { base, baseRayVersion: emulationRayVersion(), packages: [SMALL] },
    });
    const reference = ContainerImage.withPythonPackages(ContainerImage.of(base), [SMALL]).reference;

    afterAll(async () => {
      await daemon.docker.sweep(`${NAME}-own`).catch(() => undefined);
      await daemon.remove();
      await docker.everything("image", "rm", base);
      other.project.remove();
    }, 200_000);

    it("is built there and nowhere else", async () => {
      await docker.output("tag", DERIVED, base);
      await daemon.start();
      await daemon.load(base);
      const { output, seconds } = await other.project.deploy();
      note(`named daemon: cdktf deploy after ${seconds.toFixed(0)} s`);
      expect(output).toContain("Apply complete!");
      const inspect = ["image", "inspect", "--format", "{{index .RepoTags 0}}", reference];
      expect(await daemon.docker.output(...inspect)).toBe(reference);
      expect(await docker.everything(...inspect)).toMatch(/No such image/);
    }, 400_000);
  });
});

/** The host's own, with a line that pip prints and one that it does not. */
function configuration({ lines }: HostPip): string {
  return ["[global]", ...lines, `find-links = ${READ}`, `# ${SECRET}`, ""].join("\n");
}

/** Without Ray, and with packages that Ray could change. */
async function makeBase(docker: Docker, pipFolder: string): Promise<void> {
  await makePipBase(docker, {
    from: emulationImageTag(),
    tag: BASE,
    container: `${NAME}-base`,
    pipFolder,
    command: ["-m", "pip", "uninstall", "--yes", "--break-system-packages", "ray"],
  });
}

/** What the builder wrote, beside the Dockerfile. */
function buildLog(project: Project, reference: string): string {
  const folder = reference.replace(/^ray-cluster\//, "").replace(":", "-");
  return readFileSync(join(project.outputFolder, "images", folder, "build.log"), "utf8");
}
