/**
 * One cluster whose declaration changes while a client asks: another context length, an engine that does not start, a head that is
 * killed in the middle of a rollout, one node more and one less; what stays keeps its container and its Ray.
 */
import { describeWith } from "../support/requirements";
import { complete, containerOf, expectServing, gateLog, note, stateOf, whileAsked } from "./support/cluster";
import { type CommandResult, eventually } from "./support/command";
import { EngineTestCluster } from "./support/engine-cluster";
import { DEPLOYMENT } from "./support/requirements";
import type { EngineClusterProps } from "./stacks/engine-cluster";

const PROPS: EngineClusterProps = {
  subnetCidr: "10.89.145.0/24",
  apiPort: 8145,
  engine: "vllm-ray",
  rayVersion: "2.58.0",
};
const MEMBERS = ["node-0", "node-1"];

describeWith(DEPLOYMENT, "a cluster on this machine whose declaration changes", () => {
  const tested = new EngineTestCluster("e2e-local-change", PROPS);
  const { cluster, project } = tested;

  beforeAll(async () => {
    await tested.prepare();
    expect((await project.deploy()).exitCode).toBe(0);
  }, 600_000);

  afterAll(() => tested.remove(), 300_000);

  /** What a change of the workload keeps, and the number that it changes. */
  async function lives() {
    const containers = await Promise.all(
      MEMBERS.map(async (node) => {
        const { Id, State } = await cluster.docker.inspect(containerOf(cluster, node));
        return [Id, State.StartedAt];
      }),
    );
    const session = await tested.exec("node-0", "readlink", "/tmp/ray/session_latest");
    const { workload } = await tested.state();
    return { kept: { containers, session }, workload };
  }

  async function deploy(change: Partial<EngineClusterProps>): Promise<CommandResult> {
    tested.redeclare({ ...PROPS, ...change });
    const deployed = await project.deploy();
    note(`${JSON.stringify(change)}: exit code ${deployed.exitCode} after ${deployed.seconds.toFixed(0)} s`);
    return deployed;
  }

  async function contextOfEngine(): Promise<string | undefined> {
    const { argv } = (await tested.seen("node-0")).slice(-1)[0];
    return argv[argv.indexOf("--max-model-len") + 1];
  }

  it("serves with another context length from the containers and the Ray that were there", async () => {
    const before = await lives();
    expect(await contextOfEngine()).toBe("4096");
    await whileAsked(
      () => complete(cluster),
      async () => {
        const deployed = await deploy({ maxModelLen: 8192 });
        expect(deployed.output).toMatch(/Resources: 1 added, [01] changed, 1 destroyed/);
        expect(deployed.exitCode).toBe(0);
      },
    );
    const after = await lives();
    expect(after.kept).toEqual(before.kept);
    expect(after.workload).not.toBe(before.workload);
    expect(await contextOfEngine()).toBe("8192");
    await expectServing(cluster);
  }, 300_000);

  it("serves what it served before, and says so, when the new engine does not start", async () => {
    const before = await lives();
    const failed = await deploy({ maxModelLen: 8192, standIn: { STAND_IN_BEHAVIOUR: "crash-always" } });
    expect(failed.exitCode).not.toBe(0);
    const said = await gateLog(cluster);
    expect(said).toContain("the engine exited with code 7");
    expect(said).toContain(`serving now: ${before.workload}`);
    expect(await lives()).toEqual(before);
    await expectServing(cluster);
  }, 300_000);

  it("serves the new workload when its head is killed in the middle of the rollout", async () => {
    const before = await lives();
    const deployment = deploy({ maxModelLen: 2048, standIn: { STAND_IN_BEHAVIOUR: "slow-start" } });
    await eventually("the new engine loads", 120, async () => {
      const { state } = await tested.state();
      return state === "loading" || undefined;
    });
    process.kill((await cluster.docker.inspect(containerOf(cluster, "node-0"))).State.Pid, "SIGKILL");
    expect((await deployment).exitCode).toBe(0);
    expect((await lives()).workload).not.toBe(before.workload);
    expect(await contextOfEngine()).toBe("2048");
    await expectServing(cluster);
  }, 400_000);

  it("grows by a node and shrinks again, and touches no other", async () => {
    const { kept } = await lives();
    const grown = { ...cluster, nodes: [...MEMBERS, "node-2"], ranks: 6 };
    expect((await deploy({ maxModelLen: 2048, nodes: 3 })).exitCode).toBe(0);
    await expectServing(grown);
    expect((await lives()).kept).toEqual(kept);
    expect((await deploy({ maxModelLen: 2048, nodes: 2 })).exitCode).toBe(0);
    await expectServing(cluster);
    expect((await lives()).kept).toEqual(kept);
    await expect(stateOf(cluster, "node-2")).rejects.toThrow(/[Nn]o such container/);
  }, 500_000);
});
