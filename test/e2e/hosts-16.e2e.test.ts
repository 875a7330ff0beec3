/**
 * Sixteen such servers with two NPUs each: 32 ranks on 16 real Ray nodes answer; few logins and no refused session
 * of any sshd; no second change, nothing left.
 */
import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { ask } from "./support/client";
import { note } from "./support/cluster";
import type { CommandResult } from "./support/command";
import { hostsDeclaration, hostsProject } from "./support/hosts-project";
import { MachineFleet } from "./support/machine-fleet";
import { SimulatedMachines } from "./support/machines";
import type { Project } from "./support/project";
import { DEPLOYMENT, SSH } from "./support/requirements";

const NAME = "e2e-hosts-16";
const MACHINES = 16;
const PER_MACHINE = 2;
const RANKS = MACHINES * PER_MACHINE;

describeWith([...DEPLOYMENT, SSH], "sixteen Ascend servers that exist", () => {
  const machines = new SimulatedMachines("e2e-machines-16", "10.89.124");
  const fleet = new MachineFleet(machines);
  let project: Project;
  let deployed: CommandResult;

  beforeAll(async () => {
    const began = Date.now();
    await machines.create();
    await fleet.start(MACHINES, 10, emulationImageTag());
    note(`${MACHINES} machines: ${((Date.now() - began) / 1000).toFixed(0)} s`);
    project = hostsProject(
      NAME,
      machines.inventory(fleet.members),
      hostsDeclaration(NAME, emulationImageTag(), {
        nodes: MACHINES,
        acceleratorsPerNode: PER_MACHINE,
        patience: 4,
      }),
    );
    deployed = await project.deploy(500);
    note(`cdktf deploy: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
  }, 900_000);

  afterAll(async () => {
    project.remove();
    await machines.end();
  }, 300_000);

  it("serves from all ranks when the deployment returns", async () => {
    expect(deployed.output).toContain("Apply complete! Resources: 115 added, 0 changed, 0 destroyed.");
    const parts = fleet.members.map(
      ({ name, address }, index) =>
        `${name} (${address}) ranks ${2 * index}-${2 * index + 1} on NPU 0-${PER_MACHINE - 1}`,
    );
    expect(await ask("http://10.89.124.10:8000")).toBe(`${RANKS} of ${RANKS} ranks: ${parts.join("; ")}`);
  }, 90_000);

  it("is not throttled by any sshd: few logins, and no session that was refused", async () => {
    const logs = await Promise.all(
      fleet.members.map((machine) => machine.output("cat", "/var/log/sshd.log")),
    );
    const logins = logs.map((log) => log.split("Accepted publickey").length - 1);
    note(`logins by ssh: ${logins.join(" ")}`);
    expect(Math.min(...logins)).toBeGreaterThan(0);
    // Two of the tests' own: until the machine takes ssh.
    expect(Math.max(...logins)).toBeLessThan(5);
    expect(logs.join("\n")).not.toMatch(/no more sessions|MaxStartups|drop connection/);
  });

  it("plans no change in a second deploy", async () => {
    const again = await project.deploy();
    note(`second deploy: exit code ${again.exitCode} after ${again.seconds.toFixed(0)} s`);
    expect(again.output).toContain("No changes. Your infrastructure matches the configuration.");
    expect(again.exitCode).toBe(0);
  }, 330_000);

  it("leaves the machines as they were", async () => {
    const destroyed = await project.destroy(300);
    note(`destroy: exit code ${destroyed.exitCode} after ${destroyed.seconds.toFixed(0)} s`);
    expect(destroyed.exitCode).toBe(0);
    for (const machine of fleet.members) {
      expect([machine.name, await machine.leftovers()]).toEqual([machine.name, []]);
    }
  }, 330_000);
});
