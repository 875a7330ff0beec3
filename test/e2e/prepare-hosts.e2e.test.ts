/**
 * The command on such machines: dry run, consent, Docker installed from the distribution, a machine that is gone,
 * a user without rights.
 */
import { describeWith } from "../support/requirements";
import { note } from "./support/cluster";
import { hostsProject, ownCommand } from "./support/hosts-project";
import { type SimulatedMachine, SimulatedMachines } from "./support/machines";
import type { Project } from "./support/project";
import { DEPLOYMENT, SSH } from "./support/requirements";

const UNREACHABLE = { name: "gone", address: "10.89.125.99" };

describeWith([...DEPLOYMENT, SSH], "prepare-hosts", () => {
  const machines = new SimulatedMachines("e2e-prepare", "10.89.125");
  let ready: SimulatedMachine;
  let bare: SimulatedMachine;
  let project: Project;
  let inventory: string;

  beforeAll(async () => {
    await machines.create();
    ready = await machines.add("ready", 10);
    bare = await machines.add("bare", 11, "bare");
    project = hostsProject("e2e-prepare", machines.inventory([ready, bare]));
    inventory = machines.inventory([ready, bare, UNREACHABLE]);
  }, 600_000);

  afterAll(async () => {
    project.remove();
    await machines.end();
  }, 240_000);

  it("shows in a dry run what it would run, and changes nothing", async () => {
    const result = await ownCommand(project.folder, "prepare-hosts", "--inventory", inventory, "--dry-run");
    expect(result.output).toContain("apt-get install -y -q --no-install-recommends");
    expect(result.output).toContain("This was a dry run: nothing was changed.");
    expect(result.exitCode).toBe(1);
    await expect(bare.output("docker", "version")).rejects.toThrow();
  }, 150_000);

  it("installs nothing that nobody has agreed to", async () => {
    const result = await ownCommand(project.folder, "prepare-hosts", "--inventory", inventory);
    expect(result.output).toContain("No terminal to confirm on");
    expect(result.exitCode).toBe(1);
    await expect(bare.output("docker", "version")).rejects.toThrow();
  }, 150_000);

  it("installs Docker where it is missing, names who fails, and goes on with the others", async () => {
    const result = await ownCommand(project.folder, "prepare-hosts", "--inventory", inventory, "--yes");
    note(`prepare-hosts: exit code ${result.exitCode} after ${result.seconds.toFixed(0)} s`);
    expect(result.output).toMatch(/^ready \(\S+\) +ready/m);
    expect(result.output).toMatch(/^bare \(\S+\) +ready/m);
    expect(result.output).toMatch(/bare: docker: Docker is running/);
    expect(result.output).toMatch(/1 of 3 machines are not ready:\n +gone \(\S+\): ssh: cannot be reached: /);
    expect(result.exitCode).toBe(1);
    expect(await bare.docker("version", "--format", "{{.Server.Version}}")).toMatch(/^\d+\./);
    expect(await bare.output("systemctl", "is-enabled", "docker")).toBe("enabled");
  }, 400_000);

  it("changes nothing the second time", async () => {
    const before = await bare.output("systemctl", "show", "--property", "MainPID", "docker");
    const both = machines.inventory([ready, bare]);
    const result = await ownCommand(project.folder, "prepare-hosts", "--inventory", both, "--yes");
    expect(result.output).toContain("2 of 2 machines are ready");
    expect(result.output).not.toContain("installing");
    expect(result.exitCode).toBe(0);
    expect(await bare.output("systemctl", "show", "--property", "MainPID", "docker")).toBe(before);
  }, 150_000);

  it("knows what a synthesized stack wants of its machines", async () => {
    machines.inventory([ready, bare]);
    await ready.becomeAscend(0);
    await project.synthesize();
    const result = await ownCommand(project.folder, "prepare-hosts");
    expect(result.output).toMatch(/ready \(\S+\): \d+ checks passed$/m);
    expect(result.output).toMatch(/^bare \(\S+\) +NOT READY/m);
    expect(result.output).toContain("device: /dev/davinci0 is missing");
    expect(result.output).toContain("mount: /usr/local/Ascend/driver is missing");
    expect(result.exitCode).toBe(1);
  }, 150_000);

  it("tells a user without rights what to do", async () => {
    await ready.output("useradd", "--create-home", "ops");
    await ready.output("cp", "-r", "/root/.ssh", "/home/ops/.ssh");
    await ready.output("chown", "-R", "ops", "/home/ops/.ssh");
    const file = machines.inventory([ready], "ops");
    const result = await ownCommand(project.folder, "prepare-hosts", "--inventory", file, "--yes");
    expect(result.output).toContain("user 'ops' may not use the Docker engine; add it to the group");
    expect(result.exitCode).toBe(1);
    await ready.output("usermod", "--append", "--groups", "docker", "ops");
    await machines.closeConnections("ops");
    const again = await ownCommand(project.folder, "prepare-hosts", "--inventory", file);
    expect(again.output).toContain("1 of 1 machines are ready");
  }, 150_000);
});
