/**
 * Stand-ins for LMDeploy and ROLL, and Ray alone: a crashing engine and a failing job fail the deploy, both
 * recover once fixed; a job runs once; an image without the engine is named; programs of the owner use Ray alone.
 */
import { describeWith } from "../support/requirements";
import { containerOf, expectServing, gateLog, note } from "./support/cluster";
import { eventually } from "./support/command";
import { EngineTestCluster, withAll } from "./support/engine-cluster";
import { DEPLOYMENT, emulationImage, ROLL_RAY } from "./support/requirements";

const RAY = "2.58.0";

const lmdeploy = new EngineTestCluster("e2e-lmdeploy", {
  ...{ subnetCidr: "10.89.132.0/24", apiPort: 8132, engine: "lmdeploy", rayVersion: RAY },
  standIn: { STAND_IN_BEHAVIOUR: "crash-always" },
});
const roll = new EngineTestCluster("e2e-roll", {
  ...{ subnetCidr: "10.89.133.0/24", apiPort: 8133, engine: "roll", rayVersion: ROLL_RAY },
  standIn: { STAND_IN_BEHAVIOUR: "exit-3" },
});
const rayOnly = new EngineTestCluster("e2e-ray-only", {
  ...{ subnetCidr: "10.89.134.0/24", apiPort: 8134, engine: "ray", rayVersion: RAY },
});
/** `pipeline` of guides/lmdeploy-ascend-2x8, line for line. */
const PIPELINE = `
from lmdeploy import pipeline, PytorchEngineConfig

if __name__ == "__main__":
  model_path = "/models/stand-in"
  backend_config = PytorchEngineConfig(tp=4, device_type="ascend", eager_mode=True)
  with pipeline(model_path, backend_config=backend_config) as pipe:
    outputs = pipe("Hakuna Matata")
    print(outputs)
`;
const ALL = [lmdeploy, roll, rayOnly];

/** A cluster of each: its first deployment fails, where an engine can, and then it is fixed. */
describeWith(
  [...DEPLOYMENT, emulationImage(ROLL_RAY)],
  "the stand-ins of LMDeploy and ROLL, and Ray alone",
  () => {
    const { docker } = lmdeploy.cluster;

    beforeAll(async () => {
      for (const cluster of ALL) {
        await cluster.prepare();
      }
    }, 400_000);

    afterAll(async () => {
      await withAll(ALL, (cluster) => cluster.remove());
    }, 400_000);

    it("deployments end as their engines do", async () => {
      await withAll(ALL, async (cluster) => {
        const { exitCode, output, seconds } = await cluster.project.deploy(250);
        note(`${cluster.name}: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
        expect(output + (await gateLog(cluster.cluster))).toMatch(DEPLOYED[ALL.indexOf(cluster)]);
        expect(exitCode === 0).toBe(cluster === rayOnly);
      });
      for (const cluster of [lmdeploy, roll]) {
        const { state, culprit } = await cluster.state();
        expect([state, culprit?.name]).toEqual(["failed", "node-0"]);
      }
      expect((await roll.state()).lastLogLines.join("\n")).toContain("the checkpoint cannot be written");
    }, 350_000);

    it("LMDeploy serves from all ranks when it no longer crashes", async () => {
      const { state } = await lmdeploy.retry("normal", ["failed", "serving"], 120);
      expect([state.state, state.reason]).toEqual(["serving", expect.stringContaining("4 of 4 ranks")]);
      await expectServing(lmdeploy.cluster);
      const seen = (await lmdeploy.seen("node-0")).at(-1);
      expect(seen?.argv).toEqual([
        ...["serve", "api_server", "/models/stand-in", "--model-name", "stand-in", "--backend", "pytorch"],
        ...["--device", "ascend", "--eager-mode", "--tp", "4"],
        ...["--server-name", lmdeploy.address(0), "--server-port", "23333"],
      ]);
    }, 480_000);

    it("LMDeploy's process does not see the address that it would hand to all nodes", async () => {
      const [head] = (await lmdeploy.seen("node-0")).slice(-1);
      expect(head.environment).not.toHaveProperty("HCCL_IF_IP");
      expect(head.environment).toMatchObject({
        LMDEPLOY_EXECUTOR_BACKEND: "ray",
        LMDEPLOY_DIST_MASTER_ADDR: lmdeploy.address(0),
      });
      const own = (await lmdeploy.ranks()).map(({ environment }) => environment.HCCL_IF_IP);
      expect(own).toEqual([0, 0, 1, 1].map((index) => lmdeploy.address(index)));
    }, 300_000);

    it("names a node whose image lacks the engine", async () => {
      const container = containerOf(lmdeploy.cluster, "node-1");
      await lmdeploy.exec("node-1", "rm", "/usr/local/bin/lmdeploy");
      await docker.output("restart", container);
      const culprit = await eventually("the head blames the node", 180, async () => {
        const found = await lmdeploy.state();
        if (!found.culprit?.reason.includes("lacks what the engine 'lmdeploy' needs: program 'lmdeploy'")) {
          throw new Error(`${found.state}: ${found.reason ?? ""}`);
        }
        return found.culprit;
      });
      expect(culprit).toMatchObject({ name: "node-1", address: lmdeploy.address(1) });
    }, 300_000);

    it("ROLL runs to its end after a first crash, with the cluster's configuration", async () => {
      const { state, history, states } = await roll.retry("crash-once", ["failed", "succeeded"], 240);
      expect(states.filter((name) => name === "loading")).toHaveLength(2);
      expect(states.slice(-2)).toEqual(["running", "succeeded"]);
      expect(history.map(({ reason }) => reason ?? "").join("\n")).toContain("exited with code 7");
      expect(state.job).toMatchObject({ exitCode: 0 });
      note(`ROLL's job took ${state.job?.seconds ?? "?"} s`);
      const [begun, ended] = (await roll.seen("node-0")).slice(-2);
      expect(begun.workingDirectory).toBe("/workspace/ROLL");
      expect(begun.configuration).toMatchObject({
        // Of the recipe, of the cluster, and of the user.
        ...{ exp_name: "stand-in", num_gpus_per_node: 2, max_steps: 24 },
        actor_infer: { model_args: { dtype: "bf16" }, device_mapping: "list(range(0,4))" },
      });
      expect(begun.environment).toMatchObject({ RANK: "0", WORLD_SIZE: "2", MASTER_ADDR: roll.address(0) });
      expect(ended.ranks?.map(({ node, environment }) => [node, environment.RANK])).toEqual([
        ...[0, 1].map(() => ["node-0", "0"]),
        ...[0, 1].map(() => ["node-1", "1"]),
      ]);
    }, 400_000);

    it("does not run a job again that has succeeded, after a restart of its head", async () => {
      const starts = (await roll.seen("node-0")).length;
      const since = new Date();
      await docker.output("restart", containerOf(roll.cluster, "node-0"));
      const { states } = await roll.outcome(since, ["failed", "running", "succeeded"], 180);
      expect([states.at(-1), states.includes("loading")]).toEqual(["succeeded", false]);
      expect(await roll.seen("node-0")).toHaveLength(starts);
    }, 300_000);

    it.each(rayOnly.cluster.nodes)(
      "programs in the container of %s use Ray as the guides do",
      async (node) => {
        // What a program before has taken is given back a little after its end.
        await eventually("Ray lists all accelerators as free", 60, async () =>
          /0\.0\/4\.0 NPU/.test(await rayOnly.exec(node, "ray", "status")) ? true : undefined,
        );
        const nodes = "import ray; ray.init(); print(len(ray.nodes()), 'nodes')";
        expect(await rayOnly.exec(node, "python3", "-c", nodes)).toMatch(/^2 nodes$/m);
        // As in the guides of LMDeploy, with this cluster's tp.
        const answer = await rayOnly.exec(node, "python3", "-c", PIPELINE);
        expect(answer).toContain("Hakuna Matata: 4 ranks on ");
        expect(
          ["node-0 0", "node-0 1", "node-1 0", "node-1 1"].filter((place) => !answer.includes(place)),
        ).toEqual([]);
      },
      480_000,
    );

    it.each([0, 1])(
      "`ray_node run` adds the variables of node %i to a program",
      async (index) => {
        const show = ["sh", "-c", "echo $HCCL_IF_IP $GLOO_SOCKET_IFNAME $RAY_ADDRESS; exit 3"];
        const found = await rayOnly.exec(
          `node-${index}`,
          ...["sh", "-c", 'python3 -m ray_node run -- "$@"; echo "exit code $?"', "sh", ...show],
        );
        expect(found).toBe(`${rayOnly.address(index)} eth0 ${rayOnly.address(0)}:6379\nexit code 3`);
      },
      60_000,
    );

    it("Ray alone is ready again after a node was killed", async () => {
      expect((await rayOnly.state()).state).toBe("ready");
      const worker = containerOf(rayOnly.cluster, "node-1");
      const since = new Date();
      process.kill((await docker.inspect(worker)).State.Pid, "SIGKILL");
      const { history, states } = await rayOnly.outcome(since, ["failed", "ready"], 240);
      expect([states[0], states.at(-1)]).toEqual(["degraded", "ready"]);
      expect(history[0].reason).toContain(`node-1 (${rayOnly.address(1)})`);
      expect((await docker.inspect(worker)).RestartCount).toBeGreaterThan(0);
    }, 400_000);

    it("publishes no port where there is no API", async () => {
      for (const { cluster } of [roll, rayOnly]) {
        const { HostConfig } = await docker.inspect(containerOf(cluster, "node-0"));
        expect(Object.keys(HostConfig.PortBindings ?? {})).toEqual([]);
      }
    }, 300_000);

    it("is taken away without a trace", async () => {
      await withAll(ALL, async (cluster) => {
        expect((await cluster.project.destroy()).exitCode).toBe(0);
        expect(await docker.leftovers(cluster.name)).toEqual([]);
      });
    }, 400_000);
  },
);

/** In the order of the clusters: what `cdktf deploy` says. */
const DEPLOYED: readonly RegExp[] = [
  /is not serving: workload \S+ has failed: the engine exited with code 7 \(2 times in a row\)[^]*culprit: node-0[^]*crash-always/,
  /the job exited with code 3 .*\(2 times in a row\)[^]*culprit: node-0 \(10\.89\.133\.10\)/,
  /is ready[^]*Apply complete!/,
];
