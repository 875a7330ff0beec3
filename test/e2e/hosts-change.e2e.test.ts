/**
 * Three such servers whose cluster grows and shrinks while a client asks: one more, one out of the middle, one that is dead and
 * comes back; what stays keeps its container and its Ray, and a machine that was lost is no member, whatever token it has.
 */
import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { describeWith } from "../support/requirements";
import { ask } from "./support/client";
import { type NodeState, note, whileAsked } from "./support/cluster";
import { eventually } from "./support/command";
import { hostsDeclaration, hostsProject } from "./support/hosts-project";
import { MachineFleet } from "./support/machine-fleet";
import { type InventoryEntry, type SimulatedMachine, SimulatedMachines } from "./support/machines";
import { owner } from "./support/owner";
import { type Project, unwrapped } from "./support/project";
import { DEPLOYMENT, SSH } from "./support/requirements";

const NAME = "e2e-hosts-change";
const FILTER = "ray_cluster_e2e_hosts_change";
const PER_MACHINE = 2;
const HEAD = "10.89.126.10";
const API = `http://${HEAD}:8000`;
const TOKEN = "/var/lib/ray-cluster/secrets/ray-token";

describeWith([...DEPLOYMENT, SSH], "three Ascend servers, one after the other", () => {
  const machines = new SimulatedMachines("e2e-machines-change", "10.89.126");
  const fleet = new MachineFleet(machines);
  const environment: NodeJS.ProcessEnv = {};
  let project: Project;
  let first: SimulatedMachine;
  let middle: SimulatedMachine;
  let last: SimulatedMachine;

  /** Deploys an inventory of which so many are nodes. */
  async function deploy(nodes: number, inventory: readonly InventoryEntry[]): Promise<void> {
    const more = { nodes, acceleratorsPerNode: PER_MACHINE, patience: 2 };
    Object.assign(environment, hostsDeclaration(NAME, emulationImageTag(), more));
    const file = machines.inventory(inventory);
    project ??= hostsProject(NAME, file, environment);
    const deployed = await project.deploy(400);
    note(`${nodes} nodes: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    expect([deployed.exitCode, unwrapped(deployed)]).toEqual([0, expect.stringContaining("Apply complete!")]);
  }

  const stateOn = async (machine: SimulatedMachine, node = machine.name): Promise<NodeState> => {
    // A node that does not serve has an exit code of its own.
    const status = `docker exec ${NAME}-${node} python3 -m ray_node status --json || true`;
    return JSON.parse(await machine.output("sh", "-c", status)) as NodeState;
  };
  /** What must stay where a machine stays: its container, and Ray's session. */
  const kept = async (...stay: readonly SimulatedMachine[]) => ({
    containers: await Promise.all(
      stay.map((machine) =>
        machine.docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", containerOn(machine)),
      ),
    ),
    session: (await stateOn(first)).session,
  });
  const containerOn = ({ name }: SimulatedMachine) => `${NAME}-${name}`;

  beforeAll(async () => {
    await machines.create();
    await fleet.start(3, 10, emulationImageTag());
    [first, middle, last] = fleet.members;
    await deploy(2, [first, middle]);
  }, 600_000);

  afterAll(async () => {
    project.remove();
    await machines.end();
  }, 240_000);

  it("gets another machine, and those that were there go on", async () => {
    const before = await kept(first, middle);
    const answers = await whileAsked(
      () => ask(API),
      () => deploy(3, [first, middle, last]),
    );
    expect(await kept(first, middle)).toEqual(before);
    expect(answers).toEqual([shape(first, middle), shape(first, middle, last)]);
  }, 430_000);

  it("loses a retired machine out of the middle, which has nothing of it afterwards; the others keep name and container", async () => {
    const before = await kept(first, last);
    const inventory: InventoryEntry[] = [first, { ...entry(middle), status: "retired" }, last];
    const answers = await whileAsked(
      () => ask(API),
      () => deploy(2, inventory),
    );
    expect(await kept(first, last)).toEqual(before);
    expect(answers).toEqual([shape(first, middle, last), shape(first, last)]);
    expect(await middle.leftovers()).toEqual([]);
    expect(await middle.output("nft", "list", "tables")).not.toContain(FILTER);
  }, 430_000);

  it("gets a machine in place of one that is dead, and asks nothing of that one", async () => {
    const before = await kept(first);
    await machines.docker.output("network", "disconnect", machines.prefix, last.container);
    await machines.closeConnections();
    await deploy(2, [first, { ...entry(last), status: "lost" }, spare()]);
    expect(await kept(first)).toEqual(before);
    expect(await ask(API)).toBe(shape(first, spare()));
  }, 430_000);

  it("refuses the lost machine when it is back: by the filter, by its shape, and once the token is another one", async () => {
    await machines.docker.output("network", "connect", "--ip", last.address, machines.prefix, last.container);
    const port = `import socket; socket.create_connection(('${HEAD}', 6379), 3)`;
    await expect(last.docker("exec", containerOn(last), "python3", "-c", port)).rejects.toThrow(/timed out/);
    // What nothing else than the filter keeps away.
    await first.output("nft", "delete", "table", "inet", FILTER);
    const told = await eventually(`${last.name} is outside of the cluster`, 120, async () => {
      const found = await stateOn(last);
      if (found.state !== "outside the cluster") {
        throw new Error(`${found.state}: ${found.reason ?? ""}`);
      }
      return found;
    });
    expect(told.reason).toContain("it is not in the shape of the cluster");
    expect((await stateOn(first)).members.map(({ name }) => name)).toEqual([first.name, spare().name]);
    expect(await ask(API)).toBe(shape(first, spare()));

    const rotated = await owner(project, "rotate-token");
    note(`rotate-token: exit code ${rotated.exitCode} after ${rotated.seconds.toFixed(0)} s`);
    expect([rotated.exitCode, rotated.output]).toEqual([0, expect.stringContaining("is serving")]);
    const asked = [
      "exec",
      "--env",
      `RAY_AUTH_TOKEN_PATH=${TOKEN}`,
      containerOn(last),
      "timeout",
      "60",
      "ray",
    ];
    await expect(last.docker(...asked, "status")).rejects.toThrow(/[Aa]uthenticat/);
    // As after a reboot.
    await last.docker("restart", containerOn(last));
    await eventually(`${last.name} is refused for its token`, 120, async () => {
      const { state, reason } = await stateOn(last);
      return reason?.includes("wrong token") === true
        ? true
        : Promise.reject(new Error(`${state}: ${reason}`));
    });
    expect(await ask(API)).toBe(shape(first, spare()));
  }, 400_000);

  it("plans no change once the entry of the lost machine is deleted", async () => {
    machines.inventory([first, spare()]);
    expect((await project.synthesize()).exitCode).toBe(0);
    const planned = await project.terraform("plan", "-input=false", "-detailed-exitcode");
    expect([planned.exitCode, planned.output]).toEqual([0, expect.stringContaining("No changes.")]);
  }, 200_000);

  it("leaves the machines as they were", async () => {
    expect((await project.destroy()).exitCode).toBe(0);
    expect([await first.leftovers(), await middle.leftovers()]).toEqual([[], []]);
  }, 200_000);

  /** The machine that was retired, as another one. */
  function spare(): InventoryEntry {
    return { name: "atlas-9", address: middle.address };
  }
});

function entry({ name, address }: InventoryEntry): InventoryEntry {
  return { name, address };
}

/** What the engine answers with these machines as its nodes. */
function shape(...nodes: readonly InventoryEntry[]): string {
  const ranks = nodes.length * PER_MACHINE;
  const parts = nodes.map(
    ({ name, address }, index) =>
      `${name} (${address}) ranks ${PER_MACHINE * index}-${PER_MACHINE * (index + 1) - 1} on NPU 0-${PER_MACHINE - 1}`,
  );
  return `${ranks} of ${ranks} ranks: ${parts.join("; ")}`;
}
