/**
 * Machines of a provider that this library does not know boot with cloud-init from a NoCloud seed, and the deploy
 * returns when the cluster serves; another workload comes over ssh and replaces none of them.
 */
import { randomBytes } from "node:crypto";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emulationImageTag, emulationRayVersion } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { ask, servedModels } from "./support/client";
import { note } from "./support/cluster";
import { type CommandResult, eventually, run, runOrFail } from "./support/command";
import { Docker } from "./support/docker";
import { machineImage } from "./support/machine-image";
import { mayRaiseLimits } from "./support/machines";
import { Project, REPOSITORY } from "./support/project";
import { DEPLOYMENT, SSH } from "./support/requirements";
import { everythingBelow, holders, type Place } from "./support/secret-search";
import type { CloudInitAppProps } from "./stacks/cloud-init-app";

const NAME = "e2e-cloud-init";
const SUBNET = "10.89.140";
const API = `http://${SUBNET}.10:8000`;
const MACHINES = [`${NAME}-npu-0`, `${NAME}-npu-1`] as const;
const [HEAD, WORKER] = MACHINES;
const APP = join(REPOSITORY, "test", "e2e", "stacks", "cloud-init-app.ts");
const SEED = "/var/lib/cloud/seed/nocloud";
/** What is asked of an engine that is just coming up may never be answered. */
const SHORTLY = ["timeout", "10"];
const STATUS = [...SHORTLY, "docker", "exec", "ray-cluster", "python3", "-m", "ray_node", "status", "--json"];

describeWith([...DEPLOYMENT, SSH], "machines of a provider that only boots cloud-init", () => {
  const docker = new Docker();
  const secretsFolder = mkdtempSync(join(tmpdir(), "e2e-cloud-init-"));
  const token = randomBytes(32).toString("hex");
  /** Of the app: another declaration is another value. */
  const environment: NodeJS.ProcessEnv = {};
  let project: Project;
  let deployed: CommandResult;

  /** A program on a machine. */
  const on = (machine: string, ...command: readonly string[]) => docker.output("exec", machine, ...command);
  const status = async (machine: string) =>
    JSON.parse(await docker.everything("exec", machine, ...STATUS)) as {
      state: string;
      node: string;
      member: boolean;
    };

  beforeAll(async () => {
    await docker.sweep(NAME);
    const file = join(secretsFolder, "ray-token");
    writeFileSync(file, `${token}\n`);
    chmodSync(file, 0o600);
    const props: CloudInitAppProps = {
      name: NAME,
      subnet: SUBNET,
      machineImage: await machineImage("cloud"),
      image: emulationImageTag(),
      rayVersion: emulationRayVersion(),
      secretsFolder,
      servedModel: "first",
      withoutLimits: !mayRaiseLimits(),
    };
    const key = join(secretsFolder, "key");
    await runOrFail("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], { timeoutSeconds: 30 });
    const register = join(REPOSITORY, "test", "tools", "register.cjs");
    environment.E2E_CLOUD_INIT = JSON.stringify(props);
    project = new Project(`node -r ${register} ${APP}`, NAME, environment);
    // No registry has the image of the emulation: somebody loads it, while the machines try to pull it.
    const archive = join(secretsFolder, "image.tar");
    await runOrFail("docker", ["save", "--output", archive, emulationImageTag()], { timeoutSeconds: 120 });
    const deployment = project.deploy(400);
    for (const machine of MACHINES) {
      await eventually(`the engine of ${machine} answers`, 120, () => on(machine, "docker", "version"));
      await on(machine, "docker", "load", "--quiet", "--input", "/etc/machine-secrets/image.tar");
    }
    deployed = await deployment;
    rmSync(archive);
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
  }, 600_000);

  afterAll(async () => {
    project.remove();
    await docker.sweep(NAME);
    rmSync(secretsFolder, { recursive: true, force: true });
  }, 240_000);

  it("serve when the deployment returns, and not before", async () => {
    expect(deployed.output).toContain("Apply complete! Resources: 6 added, 0 changed, 0 destroyed.");
    expect(deployed.exitCode).toBe(0);
    expect(deployed.output).toMatch(/the head: /);
    expect(deployed.output).toMatch(/workload [0-9a-f]{12} is delivered to the head/);
    expect(deployed.output).toMatch(/cluster 'e2e-cloud-init' is serving after \d+ s/);
    expect(deployed.output).toContain(`endpoint = "${API}"`);
    expect(await ask(API, "first")).toMatch(
      /^16 of 16 ranks: \S+npu-0 \(10\.89\.140\.10\) ranks 0-7 .*; \S+npu-1 \(10\.89\.140\.\d+\) ranks 8-15/,
    );
  }, 150_000);

  it("have taken their texts from cloud-init, to its end", async () => {
    for (const machine of MACHINES) {
      const result = JSON.parse(await on(machine, "cat", "/run/cloud-init/result.json")) as {
        v1: { datasource: string; errors: string[] };
      };
      expect(result.v1.datasource).toContain(`seed=${SEED}`);
      // The image of the machines lacks locales, which no text of ours asks for.
      expect(result.v1.errors.filter((error) => !error.startsWith("('locale'"))).toEqual([]);
      expect(await on(machine, "systemctl", "is-enabled", "ray-cluster.service")).toBe("enabled");
    }
  });

  it("are one head and one member that came with an address of its own", async () => {
    expect(await status(HEAD)).toMatchObject({ state: "serving", node: "npu-0" });
    expect(await status(WORKER)).toMatchObject({ state: "serving", member: true });
  });

  it("run containers whose image cannot be written, beside volumes of their own", async () => {
    const format =
      '{{.HostConfig.ReadonlyRootfs}} {{range .Mounts}}{{if eq .Type "volume"}}{{.Destination}} {{end}}{{end}}';
    for (const machine of MACHINES) {
      const [isReadOnly, ...volumes] = (
        await on(machine, "docker", "inspect", "--format", format, "ray-cluster")
      )
        .trim()
        .split(" ");
      expect([isReadOnly, volumes.sort()]).toEqual([
        "true",
        ["/opt/ray-cluster", "/root", "/run", "/tmp", "/var/log/ray-cluster", "/var/tmp"],
      ]);
      const touched = await docker.everything(
        "exec",
        machine,
        "docker",
        "exec",
        "ray-cluster",
        "touch",
        "/usr/x",
      );
      expect(touched).toContain("Read-only file system");
    }
  }, 60_000);

  it("say over HTTP that they serve, as another readiness check asks them", async () => {
    const script = join(REPOSITORY, "lib", "cloud-init", "wait-by-http.sh");
    const asked = await run("sh", [script], {
      timeoutSeconds: 100,
      environment: {
        ...process.env,
        CLUSTER: NAME,
        HEAD,
        TIMEOUT_SECONDS: "60",
        REPORT_URL: `http://${SUBNET}.10:6378`,
      },
    });
    expect(asked.output).toMatch(/cluster 'e2e-cloud-init' is serving after \d+ s/);
    expect(asked.output).toMatch(/10\.89\.140\.\d+ +8 of 8/);
    expect(asked.exitCode).toBe(0);
  }, 240_000);

  it("keep the token out of state, plan, output, user data, command lines, environments and logs", async () => {
    const shown = await project.terraform("plan", "-input=false", "-lock=false", "-out=search.tfplan");
    const places: Place[] = [
      { name: "output", text: deployed.output, control: "Apply complete" },
      { name: "plan", text: shown.output, control: "No changes" },
      {
        name: "saved plan",
        text: (await project.terraform("show", "-json", "search.tfplan")).stdout,
        control: NAME,
      },
      { name: "synthesized", text: everythingBelow(project.outputFolder), control: NAME },
      ...project
        .stateFiles()
        .map((file) => ({ name: file, text: readFileSync(file, "utf8"), control: "version" })),
    ];
    for (const machine of MACHINES) {
      const shell = (line: string) => on(machine, "sh", "-c", line);
      const ofMachine: Place[] = [
        {
          name: "command lines and environments",
          text: await shell("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"),
          control: "PYTHONPATH=/opt/ray-cluster",
        },
        { name: "journal", text: await on(machine, "journalctl", "--no-pager"), control: "ray-cluster" },
        { name: "logs", text: await shell("grep -rha '' /var/log | tr -d '\\0'"), control: "cloud-init" },
        { name: "cloud-init's own", text: await shell("grep -rha '' /var/lib/cloud"), control: "ray-token" },
        { name: "inspect", text: await on(machine, "docker", "inspect", "ray-cluster"), control: "ray_node" },
      ];
      places.push(...ofMachine.map((place) => ({ ...place, name: `${place.name} of ${machine}` })));
    }
    const unread = places.filter(({ text, control }) => !text.includes(control)).map(({ name }) => name);
    expect(unread).toEqual([]);
    expect(holders(places, token)).toEqual([]);
    // Where it must be, it is.
    expect(await on(HEAD, "cat", "/run/ray-cluster/secrets/ray-token")).toBe(token);
  }, 240_000);

  it("are not touched by a second deployment", async () => {
    const again = await project.deploy();
    expect(again.output).toContain("No changes. Your infrastructure matches the configuration.");
    expect(again.exitCode).toBe(0);
  }, 200_000);

  it("serve another workload in the same containers", async () => {
    const started = () =>
      Promise.all(
        MACHINES.map((machine) =>
          on(machine, "docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", "ray-cluster"),
        ),
      );
    const before = await started();
    const props = JSON.parse(environment.E2E_CLOUD_INIT ?? "") as CloudInitAppProps;
    environment.E2E_CLOUD_INIT = JSON.stringify({ ...props, servedModel: "second" });
    const changed = await project.deploy();
    note(`another workload: exit code ${changed.exitCode} after ${changed.seconds.toFixed(0)} s`);
    // The check alone; the record of the declaration's words is updated.
    expect(changed.output).toContain("Apply complete! Resources: 1 added, 1 changed, 1 destroyed.");
    expect(changed.exitCode).toBe(0);
    expect(await started()).toEqual(before);
    expect(await servedModels(API)).toEqual(["second"]);
    expect(await ask(API, "second")).toMatch(/^16 of 16 ranks/);
  }, 300_000);

  it("serve again after the worker's machine has restarted", async () => {
    const before = Date.now();
    await docker.output("restart", "--time", "20", WORKER);
    await eventually("the worker's container is another", 120, async () => {
      const format = ["--format", "{{.State.StartedAt}}"];
      const started = await on(WORKER, ...SHORTLY, "docker", "inspect", ...format, "ray-cluster");
      return Date.parse(started) > before ? started : undefined;
    });
    const again = await eventually("serving again", 150, async () => {
      const { member } = await status(WORKER);
      const { state } = await status(HEAD);
      return member && state === "serving" ? ask(API, "second") : undefined;
    });
    expect(again).toMatch(/^16 of 16 ranks/);
    note(`serving ${((Date.now() - before) / 1000).toFixed(0)} s after the restart of the worker's machine`);
  }, 300_000);

  it("leave nothing behind", async () => {
    const destroyed = await project.destroy();
    expect(destroyed.exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
  }, 200_000);
});
