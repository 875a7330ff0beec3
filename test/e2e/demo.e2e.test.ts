/**
 * The commands of a clone with OpenTofu: the demo deploys four nodes with 32 ranks and shows them serving, a second run changes
 * nothing, destroy names what it did not make.
 */
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Progress } from "../../lib/cli/base/progress";
import { describeWith } from "../support/requirements";
import { ensureTofu } from "../tools/tofu";
import { note } from "./support/cluster";
import { type CommandResult, run } from "./support/command";
import { Docker } from "./support/docker";
import { REPOSITORY } from "./support/project";
import { COMPILED, DEPLOYMENT } from "./support/requirements";

/** Not the demo's own stack, which another test deploys at the same time. */
const CLUSTER = "local-4x8";
const PORT = 8001;
const TOFU_SECONDS = 900;

/** The commands of a clone, with a state of their own: nobody's demo is touched. */
describeWith([...DEPLOYMENT, COMPILED], "cdktf-ray-cluster demo, with OpenTofu", () => {
  const docker = new Docker();
  const clone = mkdtempSync(join(tmpdir(), "ray-cluster-clone-"));
  let tofu: string;

  beforeAll(async () => {
    expect({ inTheWay: await docker.leftovers(CLUSTER) }).toEqual({ inTheWay: [] });
    for (const name of ["dist", "node_modules", "stacks"]) {
      symlinkSync(join(REPOSITORY, name), join(clone, name));
    }
    copyFileSync(join(REPOSITORY, "cdktf.json"), join(clone, "cdktf.json"));
    tofu = await ensureTofu(new Progress((line) => process.stderr.write(`${line}\n`)));
  }, TOFU_SECONDS * 1000);

  afterAll(async () => {
    await docker.sweep(CLUSTER);
    rmSync(clone, { recursive: true, force: true });
  }, 240_000);

  function command(...args: readonly string[]): Promise<CommandResult> {
    return run(process.execPath, [join("dist", "tools", "main.js"), ...args], {
      cwd: clone,
      timeoutSeconds: 900,
      environment: { ...process.env, TERRAFORM_BINARY_NAME: tofu },
    });
  }

  it("fails with the reason where the cluster cannot be deployed", async () => {
    const occupant = await listen(PORT);
    const failed = await command("demo", CLUSTER);
    occupant.close();
    expect(failed.exitCode).toBe(1);
    expect(failed.output).toContain(`error: cdktf deploy ${CLUSTER} failed`);
    expect(failed.output).toMatch(new RegExp(`127\\.0\\.0\\.1:${PORT}.*address already in use`));
    expect(failed.output).not.toContain("serves");
  }, 900_000);

  it("ends with the nodes, a completion of all ranks, the endpoint and how to destroy it", async () => {
    const { exitCode, output, seconds } = await command("demo", CLUSTER);
    note(`demo: ${seconds.toFixed(0)} s`);
    expect(exitCode).toBe(0);
    expect(output).toContain("your OpenTofu configuration");
    // What the gate says while it waits: elapsed time, deadline, and what for.
    expect(output).toMatch(/\[ +\d+ s\] +\[ +\d+ s of \d+ s\] \w+/);
    const end = output.slice(output.indexOf(`cluster '${CLUSTER}' serves`));
    expect(end).toMatch(/^gpu-0 +head +10\.89\.48\.10 +8 of 8 +serving$/m);
    expect(end).toMatch(/^gpu-3 +worker +10\.89\.48\.13 +8 of 8 +member/m);
    expect(end).toContain(
      "32 of 32 ranks: gpu-0 (10.89.48.10) ranks 0-7 on GPU 0-7; gpu-1 (10.89.48.11) ranks 8-15 on GPU 0-7; " +
        "gpu-2 (10.89.48.12) ranks 16-23 on GPU 0-7; gpu-3 (10.89.48.13) ranks 24-31 on GPU 0-7",
    );
    expect(end).toContain(`curl http://127.0.0.1:${PORT}/v1/chat/completions`);
    expect(end).toContain(`npm run demo:destroy -- ${CLUSTER}`);
  }, 900_000);

  it("changes nothing when it is run again", async () => {
    // Others may deploy at the same time.
    const ids = ["ps", "--all", "--no-trunc", "--filter", `name=^${CLUSTER}-`, "--format", "{{.ID}}"];
    const before = await docker.output(...ids);
    expect(before.split("\n")).toHaveLength(5);
    const { exitCode, output } = await command("demo", CLUSTER);
    expect(exitCode).toBe(0);
    expect(output).toContain("0 added, 0 changed, 0 destroyed");
    expect(await docker.output(...ids)).toBe(before);
  }, 900_000);

  it("names what it did not make and does not take away", async () => {
    // A container of the cluster's name that Terraform's state does not know.
    await docker.output("rename", `${CLUSTER}-gate`, `${CLUSTER}-gate-away`);
    await docker.output(
      "create",
      "--name",
      `${CLUSTER}-gate`,
      await imageOf(docker, `${CLUSTER}-gpu-0`),
      "true",
    );
    const { exitCode, output } = await command("destroy", CLUSTER);
    expect(exitCode).toBe(1);
    expect(output).toContain(
      `${CLUSTER} is not destroyed completely: there is still container ${CLUSTER}-gate\n`,
    );
    expect(output).toContain(`docker rm --force ${CLUSTER}-gate`);
    await docker.output("rm", `${CLUSTER}-gate`);
  }, 900_000);

  it("destroys everything and says so, also when there is nothing any more", async () => {
    const { exitCode, output } = await command("destroy", CLUSTER);
    expect(exitCode).toBe(0);
    expect(output).toContain(`${CLUSTER}: no container, network or volume is left`);
    expect(await docker.leftovers(CLUSTER)).toEqual([]);
  }, 900_000);
});

async function imageOf(docker: Docker, container: string): Promise<string> {
  return docker.output("inspect", "--format", "{{.Config.Image}}", container);
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(port, "127.0.0.1", () => {
      resolve(server);
    });
  });
}
