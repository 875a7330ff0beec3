/**
 * A stand-in for vLLM with the executors `ray` and `mp`: every way in which an engine fails, with state, culprit
 * and reason; no node gets another node's variables.
 */
import { describeWith } from "../support/requirements";
import { complete, expectServing, gateLog, note } from "./support/cluster";
import { EngineTestCluster, withAll } from "./support/engine-cluster";
import { DEPLOYMENT } from "./support/requirements";

const RAY = "2.58.0";

/** Up to 0.20 vLLM overwrites the workers' variables with the head's: the fence must hold there, too. */
const OLDER_VLLM = { STAND_IN_VLLM: "0.20.2" };

const ray = new EngineTestCluster("e2e-vllm-ray", {
  ...{ subnetCidr: "10.89.130.0/24", apiPort: 8130, engine: "vllm-ray", rayVersion: RAY },
  standIn: { ...OLDER_VLLM, STAND_IN_BEHAVIOUR: "crash-always" },
});
const mp = new EngineTestCluster("e2e-vllm-mp", {
  ...{ subnetCidr: "10.89.131.0/24", apiPort: 8131, engine: "vllm-mp", rayVersion: RAY },
  standIn: { STAND_IN_BEHAVIOUR: "crash-always" },
});
const BOTH = [ray, mp];

/** Every one is to blame on the head: there runs what has the API. */
const FAULTS: readonly { readonly behaviour: string; readonly reason: RegExp; readonly lastLine: RegExp }[] =
  [
    {
      behaviour: "health-503",
      reason:
        /did not answer \/health within 30 s: it answers HTTP 503: .*the engine is unhealthy.* \(2 times/,
      lastLine: /listens on 10\.89\.13\d\.10:8000/,
    },
    {
      behaviour: "hang",
      reason:
        /did not answer \/health within 30 s: it accepts connections but did not answer within 3 s .*\(2 times/,
      lastLine: /listens on 10\.89\.13\d\.10:8000/,
    },
    {
      behaviour: "wrong-port",
      reason:
        /nothing listens on port 8000 .*listens on 10\.89\.13\d\.10:8001.*not on 10\.89\.13\d\.10:8000.*\(2 times/,
      lastLine: /listens on 10\.89\.13\d\.10:8001/,
    },
    {
      behaviour: "completion-500",
      reason:
        /the engine answered POST .v1.chat.completions with HTTP 500: the engine is up and cannot compute.*\(2 times/,
      lastLine: /POST \/v1\/chat\/completions/,
    },
  ];

/** Two clusters side by side, one for each executor: what holds for the one holds for the other. */
describeWith(DEPLOYMENT, "vLLM's stand-in, with the executors 'ray' and 'mp'", () => {
  const { docker } = ray.cluster;

  beforeAll(async () => {
    for (const cluster of BOTH) {
      await cluster.prepare();
    }
  }, 400_000);

  afterAll(async () => {
    await withAll(BOTH, (cluster) => cluster.remove());
  }, 400_000);

  it("a deployment with an engine that always crashes fails after its bound, and says why", async () => {
    await withAll(BOTH, async (cluster) => {
      const { exitCode, output, seconds } = await cluster.project.deploy(200);
      note(`${cluster.name}: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
      expect(output).toMatch(/is not serving: .*the engine exited with code 7 \(2 times in a row\)/);
      const said = await gateLog(cluster.cluster);
      expect(said).toContain(`culprit: node-0 (${cluster.address(0)})`);
      expect(said).toContain("stand-in: crashes, since its behaviour is crash-always");
      expect(exitCode).not.toBe(0);
      const found = await cluster.state();
      expect([found.state, found.culprit?.name]).toEqual(["failed", "node-0"]);
      const starts = await cluster.seen("node-0");
      expect(starts).toHaveLength(2);
    });
  }, 300_000);

  it.each(FAULTS)(
    "fails after its bound with $behaviour",
    async ({ behaviour, reason, lastLine }) => {
      await withAll(BOTH, async (cluster) => {
        const { state, states } = await cluster.retry(behaviour, ["failed", "serving"], 180);
        expect([state.state, state.culprit?.name]).toEqual(["failed", "node-0"]);
        expect(state.reason).toMatch(reason);
        expect(state.lastLogLines.join("\n")).toMatch(lastLine);
        expect(states.filter((name) => name === "loading")).toHaveLength(2);
      });
    },
    300_000,
  );

  it("blames the follower's node when that one crashes", async () => {
    const { state, states } = await mp.retry("follower-crash-always", ["failed", "serving"], 180);
    expect(state.culprit).toMatchObject({ name: "node-1", address: mp.address(1) });
    expect(state.reason).toMatch(/node-1.* exited with code 7.*\(2 times/);
    expect(JSON.stringify(state)).toContain("crashes, since its behaviour is follower-crash-always");
    expect(states.filter((name) => name === "loading")).toHaveLength(2);
  }, 480_000);

  it("starts the follower again when the head's part was killed, and gives up when that goes on", async () => {
    expect((await mp.retry("normal", ["failed", "serving"], 120)).state.state).toBe("serving");
    const [, , before] = await mp.ranks();
    for (const end of ["serving", "failed"]) {
      const since = new Date();
      await mp.exec("node-0", "python3", "-c", KILL, "--served-model-name");
      const { state, history } = await mp.outcome(since, ["failed", "serving"], 120);
      expect([history[0].state, history[0].reason]).toEqual(["degraded", "the engine was killed by SIGKILL"]);
      expect(state.state).toBe(end);
      if (end === "serving") {
        // By itself a follower goes on without its head.
        const [, , after] = await mp.ranks();
        expect([after.node, after.pid]).not.toEqual(["node-1", before.pid]);
        expect(await mp.exec("node-1", "sh", "-c", FOLLOWERS)).toBe("1");
      }
    }
    expect((await mp.state()).reason).toBe("the engine was killed by SIGKILL (2 times in a row)");
    expect(await mp.exec("node-1", "sh", "-c", FOLLOWERS)).toBe("0");
  }, 300_000);

  it("waiting for an engine that starts slowly", async () => {
    await withAll(BOTH, async (cluster) => {
      const { state, history, states } = await cluster.retry("slow-start", ["failed", "serving"], 120);
      expect([state.state, states.filter((name) => name === "loading").length]).toEqual(["serving", 1]);
      const loading = history.find((entry) => entry.state === "loading");
      const seconds = (Date.parse(state.since) - Date.parse(loading?.at ?? "")) / 1000;
      expect(seconds).toBeGreaterThan(6);
      await expectServing(cluster.cluster);
    });
  }, 480_000);

  it("starts the commands of the plan on their nodes, and nothing else", async () => {
    const common = ["serve", "/models/stand-in", "--served-model-name", "stand-in"];
    const onHead = (head: string) => ["--host", head, "--port", "8000"];
    const ofRay = [
      ...[...common, "--tensor-parallel-size", "2", "--pipeline-parallel-size", "2"],
      ...[
        "--distributed-executor-backend",
        "ray",
        "--max-model-len",
        "4096",
        ...onHead(ray.address(0)),
        "--seed",
        "7",
      ],
    ];
    expect((await ray.seen("node-0")).at(-1)?.argv).toEqual(ofRay);
    const ofMp = [
      ...[...common, "--tensor-parallel-size", "4", "--pipeline-parallel-size", "1"],
      ...["--distributed-executor-backend", "mp", "--nnodes", "2"],
      ...["--master-addr", mp.address(0), "--master-port", "29501"],
    ];
    expect((await mp.seen("node-0")).at(-1)?.argv).toEqual([
      ...ofMp,
      "--node-rank",
      "0",
      ...onHead(mp.address(0)),
    ]);
    expect((await mp.seen("node-1")).at(-1)?.argv).toEqual([...ofMp, "--headless", "--node-rank", "1"]);
    expect(await ray.exec("node-1", "sh", "-c", "ls /var/lib/stand-ins")).toBe("behaviour");
  }, 300_000);

  it("leaves every node its own variables", async () => {
    await withAll(BOTH, async (cluster) => {
      const ranks = await cluster.ranks();
      expect(ranks.map(({ rank, node }) => [rank, node])).toEqual([
        ...[0, 1].map((rank) => [rank, "node-0"]),
        ...[2, 3].map((rank) => [rank, "node-1"]),
      ]);
      for (const { address, node, environment } of ranks) {
        expect(address).toBe(cluster.address(node === "node-0" ? 0 : 1));
        expect(environment).toMatchObject({ VLLM_HOST_IP: address, NCCL_SOCKET_IFNAME: "=eth0" });
        expect(environment).toMatchObject({ GLOO_SOCKET_IFNAME: "eth0", HF_HUB_OFFLINE: "1" });
      }
    });
    const [head] = (await ray.seen("node-0")).slice(-1);
    expect(head.environment).toMatchObject(OLDER_VLLM);
    const declared = ["NCCL_SOCKET_IFNAME", "VLLM_NIXL_SIDE_CHANNEL_HOST"];
    expect(head.excluded).toEqual(expect.arrayContaining(declared));
    const own = (await ray.ranks()).map(({ environment }) => environment.VLLM_NIXL_SIDE_CHANNEL_HOST);
    expect(own).toEqual([0, 0, 1, 1].map((index) => ray.address(index)));
  }, 300_000);

  it("serves again after a part of the engine on the other node was killed", async () => {
    await withAll(BOTH, async (cluster) => {
      const ranks = await cluster.ranks();
      await cluster.behave("normal");
      const since = new Date();
      const program = cluster === mp ? "--headless" : "ray::RankActor";
      await cluster.exec("node-1", "python3", "-c", KILL, program);
      const { history, states } = await cluster.outcome(since, ["failed", "serving"], 180);
      const [first] = history;
      expect([first.state, states.at(-1)]).toEqual(["degraded", "serving"]);
      expect(first.reason).toMatch(
        cluster === mp ? /node-1.*was killed by SIGKILL/ : /HTTP 503: .*rank [23]/,
      );
      note(`${cluster.name}: ${first.reason ?? ""}`);
      expect(await complete(cluster.cluster)).toContain("4 of 4 ranks");
      // No process of the attempt before is part of this one.
      const pids = new Set(ranks.map(({ node, pid }) => `${node} ${pid}`));
      expect((await cluster.ranks()).filter(({ node, pid }) => pids.has(`${node} ${pid}`))).toEqual([]);
    });
  }, 300_000);

  it("a deployment with an engine that crashes once serves when it returns", async () => {
    await withAll(BOTH, async (cluster) => {
      await cluster.behaveAsDeclared();
      cluster.declare({ STAND_IN_BEHAVIOUR: "crash-once" });
      const since = new Date();
      const { exitCode, output, seconds } = await cluster.project.deploy(250);
      note(`${cluster.name}: exit code ${exitCode} after ${seconds.toFixed(0)} s`);
      expect(output).toContain("Apply complete!");
      await expectServing(cluster.cluster);
      const { history } = await cluster.state();
      const degraded = history.filter(({ state, at }) => state === "degraded" && new Date(at) > since);
      expect(degraded.map(({ reason }) => reason)).toEqual(["the engine exited with code 7"]);
    });
  }, 300_000);

  it("is taken away without a trace", async () => {
    await withAll(BOTH, async (cluster) => {
      expect((await cluster.project.destroy()).exitCode).toBe(0);
      expect(await docker.leftovers(cluster.name)).toEqual([]);
    });
  }, 400_000);
});

/** How many processes are followers; the pattern does not match itself. */
const FOLLOWERS = "grep -lae '[-]-headless' /proc/[0-9]*/cmdline | wc -l";

/** Ends the first process whose command line holds the argument, and none of those that look for it. */
const KILL = `
import glob, os, signal, sys
for file in glob.glob("/proc/[0-9]*/cmdline"):
    pid = int(file.split("/")[2])
    if pid != os.getpid() and os.path.exists(file) and sys.argv[1] in open(file).read():
        os.kill(pid, signal.SIGKILL)
        sys.exit()
sys.exit(f"no process with {sys.argv[1]}")
`;
