/**
 * A pipeline of ROLL from source: each deploy builds the image from a repository at a commit, with its requirements from a
 * real package index; the job runs, and again when its settings change; a commit that is not there fails by name.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWith } from "../support/requirements";
import { containerOf, note } from "./support/cluster";
import { EngineTestCluster } from "./support/engine-cluster";
import { GIT, GitServer } from "./support/git-server";
import { hostPip, PACKAGE_INDEX, SMALL_PACKAGE } from "./support/package-index";
import { makePipBase } from "./support/pip-base";
import { type Project, REPOSITORY } from "./support/project";
import { DEPLOYMENT, emulationImage, ROLL_RAY } from "./support/requirements";
import { ensureStandInImage } from "./support/stand-in-image";
import { type EngineClusterProps, imageOf } from "./stacks/engine-cluster";

const NAME = "e2e-source";
const BASE = "ray-cluster-e2e/base-without-roll:1";
const PLACE = { subnetCidr: "10.89.139.0/24", apiPort: 8139 };
const DEPLOY_SECONDS = 500;

/** `name==version` of everything that a Python finds. */
const LIST = `
from importlib.metadata import distributions
print("\\n".join(sorted({f"{d.name}=={d.version}" for d in distributions()})))
`;

describeWith([...DEPLOYMENT, PACKAGE_INDEX, GIT, emulationImage(ROLL_RAY)], "an image from source", () => {
  const server = new GitServer("ROLL");
  const commit = server.commit(repository());
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-source-"));
  const pip = hostPip();
  const files = {
    pipConfigurationFile: join(folder, "pip.conf"),
    certificateAuthoritiesFile: pip.certificates,
  };
  const source = { commit, requirements: "requirements.txt", rayVersion: ROLL_RAY, ...files };
  const declared = (change: Partial<typeof source> = {}, maxSteps = 6): EngineClusterProps => ({
    ...{ ...PLACE, engine: "roll", rayVersion: ROLL_RAY, maxSteps },
    source: { base: BASE, repository: server.url, ...source, ...change },
  });
  let roll: EngineTestCluster;

  beforeAll(async () => {
    writeFileSync(files.pipConfigurationFile, ["[global]", ...pip.lines, ""].join("\n"));
    const from = await ensureStandInImage(ROLL_RAY);
    roll = new EngineTestCluster(NAME, declared());
    const { docker } = roll.cluster;
    await roll.prepare();
    await server.start(docker);
    roll.redeclare(declared());
    const remove = "import shutil; shutil.rmtree('/workspace/ROLL')";
    const command = ["-c", remove];
    await makePipBase(docker, { from, tag: BASE, container: `${NAME}-base`, pipFolder: pip.folder, command });
  }, 300_000);

  afterAll(async () => {
    const { docker } = roll.cluster;
    const built = await docker.output("image", "ls", "--quiet", "ray-cluster/base-without-roll-1");
    await roll.remove();
    await docker.everything("image", "rm", "--force", ...built.split("\n").filter(Boolean), BASE);
    server.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 200_000);

  it("is not built where the repository has no such commit", async () => {
    roll.redeclare(declared({ commit: "f".repeat(40) }));
    const failed = await roll.project.deploy(DEPLOY_SECONDS);
    note(`no such commit: exit code ${failed.exitCode} after ${failed.seconds.toFixed(0)} s`);
    expect(failed.exitCode).not.toBe(0);
    expect(buildLog(roll.project, declared({ commit: "f".repeat(40) }))).toContain(
      `cannot add a source: ${server.url} has no commit ${"f".repeat(40)}`,
    );
  }, 900_000);

  it("is built from the commit, and its pipeline runs to the end", async () => {
    roll.redeclare(declared());
    const since = new Date();
    const { output, exitCode, seconds } = await roll.project.deploy(DEPLOY_SECONDS);
    note(`cdktf deploy: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
    expect(output).toContain("Apply complete!");
    const { state } = await roll.outcome(since, ["failed", "succeeded"], 60);
    expect([state.state, state.job?.exitCode]).toEqual(["succeeded", 0]);
    const [begun] = await roll.seen("node-0");
    expect([begun.workingDirectory, begun.configuration?.max_steps]).toEqual(["/workspace/ROLL", 6]);
  }, 700_000);

  it("holds on every node what the requirements name, of the index and of the repository", async () => {
    const records = new Set<string>();
    for (const node of roll.cluster.nodes) {
      const container = containerOf(roll.cluster, node);
      const found = (await roll.exec(node, "python3", "-c", LIST)).split("\n");
      const wanted = [
        `ray==${ROLL_RAY}`,
        `${SMALL_PACKAGE.name}==${SMALL_PACKAGE.version}`,
        "roll-adapter==0.1",
      ];
      expect([container, found]).toEqual([container, expect.arrayContaining(wanted)]);
      const head = await roll.exec(node, "cat", "/workspace/ROLL/.git/HEAD");
      expect(head).toBe(commit);
      records.add(await roll.exec(node, "cat", "/etc/ray-cluster/image-digest"));
    }
    expect([...records]).toEqual([expect.stringMatching(/^packages@sha256:[0-9a-f]{64}$/)]);
  }, 150_000);

  it("runs the pipeline again when its settings change, from the image that is there", async () => {
    const image = (await roll.cluster.docker.inspect(containerOf(roll.cluster, "node-0"))).Image;
    roll.redeclare(declared({}, 8));
    const since = new Date();
    const { output, seconds } = await roll.project.deploy(DEPLOY_SECONDS);
    note(`with other settings: deployed after ${seconds.toFixed(0)} s`);
    expect(output).toContain("Apply complete!");
    const { state } = await roll.outcome(since, ["failed", "succeeded"], 60);
    expect([state.state, state.job?.exitCode]).toEqual(["succeeded", 0]);
    const last = (await roll.seen("node-0"))
      .filter(({ configuration }) => configuration !== undefined)
      .at(-1);
    expect(last?.configuration?.max_steps).toBe(8);
    expect((await roll.cluster.docker.inspect(containerOf(roll.cluster, "node-0"))).Image).toBe(image);
  }, 700_000);

  it("is taken away without a trace", async () => {
    expect((await roll.project.destroy()).exitCode).toBe(0);
    expect(await roll.cluster.docker.leftovers(NAME)).toEqual([]);
  }, 200_000);
});

/** In the place of ROLL's: its program, its recipe, and requirements of the same kinds. */
function repository(): Parameters<GitServer["commit"]>[0] {
  const from = (path: string) => ({ from: join(REPOSITORY, "test/e2e", path) });
  return {
    "examples/start_agentic_pipeline.py": from("python/launch.py"),
    "examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo.yaml": from("stand-ins/recipe.yaml"),
    "roll/__init__.py": "",
    "requirements.txt": `-r requirements_common.txt\n\n${SMALL_PACKAGE.name}==${SMALL_PACKAGE.version}.*\n`,
    "requirements_common.txt": `ray==${ROLL_RAY} # pinned\n\n./roll_adapter\n`,
    "roll_adapter/pyproject.toml":
      '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    "roll_adapter/setup.cfg":
      "[metadata]\nname = roll-adapter\nversion = 0.1\n\n[options]\npackages = roll_adapter\n",
    "roll_adapter/roll_adapter/__init__.py": "",
  };
}

/** What the builder of the image wrote, beside the Dockerfile. */
function buildLog(project: Project, props: EngineClusterProps): string {
  const folder = imageOf(props)
    .reference.replace(/^ray-cluster\//, "")
    .replace(":", "-");
  return readFileSync(join(project.outputFolder, "images", folder, "build.log"), "utf8");
}
