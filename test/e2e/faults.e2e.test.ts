/**
 * One cluster is broken again and again and serves again: killed worker, head, engine and rank; a frozen worker;
 * the head's port blocked for 20 s; a removed and a stopped worker, repaired by a deploy.
 */
import { describeWith } from "../support/requirements";
import {
  complete,
  containerOf,
  expectServing,
  expectStaysServing,
  note,
  recovery,
  type Recovery,
  stateOf,
} from "./support/cluster";
import { eventually, runOrFail, sleep } from "./support/command";
import { DEPLOYMENT, PACKET_FILTER } from "./support/requirements";
import { smallCluster } from "./support/small-cluster";

const NAME = "e2e-faults";

/** One cluster; every test finds it serving, breaks it, and leaves it serving. */
describeWith([...DEPLOYMENT, PACKET_FILTER], "a serving cluster", () => {
  const { project, cluster } = smallCluster(NAME, { subnetCidr: "10.89.101.0/24", apiPort: 8101 });
  const { docker } = cluster;
  const [head, worker] = cluster.nodes.map((node) => containerOf(cluster, node));

  beforeAll(async () => {
    await docker.sweep(NAME);
    const deployed = await project.deploy();
    if (deployed.exitCode !== 0) {
      throw new Error(deployed.output);
    }
  }, 400_000);

  beforeEach(async () => {
    // What one test leaves broken must not fail all that follow.
    const isServing = await stateOf(cluster).then(
      (found) => found.state === "serving",
      () => false,
    );
    if (!isServing) {
      await project.deploy();
      await recovery(cluster, new Date(0), 120);
    }
    await expectServing(cluster);
  }, 400_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    project.remove();
  }, 480_000);

  it("recovers from a worker container that is killed", async () => {
    const found = await breakIt(120, async () => {
      process.kill((await docker.inspect(worker)).State.Pid, "SIGKILL");
    });
    expect(found.states).toContain("degraded");
    expect(found.reasons.join("\n")).toContain("npu-1 (10.89.101.11)");
  }, 400_000);

  it("recovers from a head container that is killed", async () => {
    const found = await breakIt(150, async () => {
      process.kill((await docker.inspect(head)).State.Pid, "SIGKILL");
    });
    expect(found.states[0]).toBe("starting");
  }, 700_000);

  it("recovers from an engine process that is killed", async () => {
    const found = await breakIt(90, async () => {
      process.kill(await pidOf(head, "emulated_serve.py"), "SIGKILL");
    });
    expect(found.reasons.join("\n")).toContain("the engine was killed by SIGKILL");
    // Ray and the worker have nothing to do with it.
    expect(found.states).not.toContain("starting");
  }, 300_000);

  it("recovers from one rank's process that is killed on a worker", async () => {
    const found = await breakIt(120, async () => {
      process.kill(await pidOf(worker, "ray::RankActor"), "SIGKILL");
    });
    expect(found.reasons.join("\n")).toContain("the engine");
  }, 400_000);

  it("recovers from a worker that is frozen longer than Ray's heartbeat", async () => {
    const found = await breakIt(200, async () => {
      await docker.output("pause", worker);
      try {
        // Ray takes up to 65 s: five probes, each with 10 s to answer and 3 s to the next.
        await eventually("Ray has given the worker up", 100, async () => {
          const { members } = await stateOf(cluster);
          const verdict = members.find((member) => member.name === "npu-1")?.verdict;
          if (!verdict?.includes("left the cluster")) {
            throw new Error(verdict);
          }
          return true;
        });
      } finally {
        await docker.output("unpause", worker);
      }
    });
    expect(found.reasons.join("\n")).toContain("npu-1 (10.89.101.11)");
  }, 350_000);

  it("survives 20 s without the head's Ray port", async () => {
    const { Pid } = (await docker.inspect(head)).State;
    const rule = (action: string): Promise<string> =>
      runOrFail("nsenter", ["-t", String(Pid), "-n", "iptables", action, ...BLOCKED], { timeoutSeconds: 20 });
    const since = new Date();
    await rule("-I");
    try {
      expect(await reachable(worker, "10.89.101.10", 6379)).toBe(false);
      await sleep(20);
      expect(await reachable(worker, "10.89.101.10", 6379)).toBe(false);
    } finally {
      await rule("-D");
    }
    expect(await reachable(worker, "10.89.101.10", 6379)).toBe(true);
    const now = await eventually("it serves", 240, async () => {
      const found = await stateOf(cluster);
      return found.state === "serving" ? found : undefined;
    });
    const left = now.history.some((entry) => new Date(entry.at) > since);
    note(left ? `was back after ${secondsSince(since)} s` : "served all the time");
    await expectStaysServing(cluster, 20);
  }, 700_000);

  it("is repaired by a deploy when a worker container is gone, and touches nothing else", async () => {
    const before = await docker.inspect(head);
    const since = new Date();
    await docker.output("rm", "--force", worker);
    const deployed = await project.deploy();
    expect(deployed.output).toContain("Resources: 2 added, 0 changed, 1 destroyed.");
    expect(deployed.exitCode).toBe(0);
    // The first look after the deploy, without any wait.
    expect(await complete(cluster)).toContain("4 of 4 ranks");
    const found = await recovery(cluster, since, 1);
    note(`deploy took ${deployed.seconds.toFixed(0)} s, through ${found.states.join(", ")}`);
    expect((await docker.inspect(head)).Id).toBe(before.Id);
  }, 400_000);

  it("gives up on a worker that somebody has stopped, names it, and is repaired by a deploy", async () => {
    const since = new Date();
    await docker.output("kill", worker);
    const failed = await eventually("the head gives up", 240, async () => {
      const found = await stateOf(cluster);
      return found.state === "failed" ? found : undefined;
    });
    note(`failed after ${secondsSince(since)} s: ${failed.reason ?? ""}`);
    expect(failed.culprit).toMatchObject({ name: "npu-1", address: "10.89.101.11" });
    expect(failed.reason).toContain("not all nodes joined within 90 s");

    const deployed = await project.deploy();
    expect(deployed.exitCode).toBe(0);
    expect(await complete(cluster)).toContain("4 of 4 ranks");
    note(`deploy took ${deployed.seconds.toFixed(0)} s`);
  }, 700_000);

  it("is taken away without a trace", async () => {
    const destroyed = await project.destroy();
    expect(destroyed.exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
    note(`destroy took ${destroyed.seconds.toFixed(0)} s`);
  }, 400_000);

  async function breakIt(timeoutSeconds: number, fault: () => Promise<void>): Promise<Recovery> {
    const since = new Date();
    await fault();
    const found = await recovery(cluster, since, timeoutSeconds);
    note(`serves again after ${found.seconds.toFixed(0)} s, through ${found.states.join(", ")}`);
    await expectServing(cluster);
    return found;
  }

  /** Process id on the host of a program in a container. */
  async function pidOf(container: string, program: string): Promise<number> {
    const lines = (await docker.output("top", container, "-eo", "pid,args")).split("\n");
    const found = lines.find((line) => line.includes(program));
    if (found === undefined) {
      throw new Error(`no ${program} in ${container}:\n${lines.join("\n")}`);
    }
    return Number.parseInt(found, 10);
  }

  async function reachable(container: string, address: string, port: number): Promise<boolean> {
    const program = `import socket; socket.create_connection(("${address}", ${port}), 2)`;
    const answer = await docker.everything("exec", container, "python3", "-c", program);
    return answer.trim() === "";
  }
});

/** Also for connections that are open already. */
const BLOCKED = ["INPUT", "-p", "tcp", "--dport", "6379", "-j", "DROP"];

function secondsSince(date: Date): string {
  return ((Date.now() - date.getTime()) / 1000).toFixed(0);
}
