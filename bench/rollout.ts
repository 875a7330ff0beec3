import { setTimeout as pause } from "node:timers/promises";
import { App, TerraformStack } from "cdktf";
import { Accelerator, EmulatedServe, Fabric, LocalBackend, RayCluster } from "../lib";
import {
  containerSpec,
  nodeCommand,
  withoutWorkload,
} from "../lib/runtime/container-spec/make-container-spec";
import { workload, workloadNumber, workloadText } from "../lib/runtime/workload/make-workload";
import { CONTAINER_PATHS } from "../lib/runtime/paths";
import type { ClusterPlan } from "../lib/topology/plan/plan";
import { DockerHost } from "./docker-host";
import { startByHand, startContainers, withFiles } from "./formed";
import type { Comparison } from "./measure";

const NODES = 2;
const NAME = "bench-rollout";
const SUBNET = "10.89.209.0/24";
const BY_HAND = { name: "bench-by-hand", subnet: "10.89.210.0/24" };
const TIMEOUT_SECONDS = 180;
const ASK_MS = 50;
const PID = "/tmp/engine.pid";

/** What a client has seen meanwhile. */
interface Seen {
  /** From the first request that was lost until the next answer, in seconds. */
  readonly withoutService: number;
  /** How often service was lost. */
  readonly gaps: number;
}

/**
 * Another workload of a cluster that serves, from its delivery until `ray_node wait` has its completion, and the time without
 * service, against the same engine started by hand on Ray started by hand, until it answers a completion.
 */
export async function rollout(runs: number): Promise<Comparison[]> {
  const [ours, byHand] = [new DockerHost(NAME, SUBNET), new DockerHost(BY_HAND.name, BY_HAND.subnet)];
  const seconds: { ours: number[]; floor: number[]; gap: number[] } = { ours: [], floor: [], gap: [] };
  try {
    await clusterOfOurs(ours);
    await clusterByHand(byHand);
    // Both in turns; the first turn is not counted.
    for (let turn = 0; turn <= runs; turn += 1) {
      const { taken, seen } = await rollOut(ours, `model-${turn % 2}`);
      const started = await startEngine(byHand, `model-${turn % 2}`);
      if (seen.gaps > 1) {
        throw new Error(`service was lost ${seen.gaps} times in one rollout`);
      }
      if (turn > 0) {
        seconds.ours.push(taken);
        seconds.gap.push(seen.withoutService);
        seconds.floor.push(started);
      }
    }
  } finally {
    await ours.clean();
    await byHand.clean();
  }
  const row = (what: string, taken: readonly number[]): Comparison => ({
    what: `rollout, ${what}`,
    unit: "s",
    ours: taken,
    floor: seconds.floor,
    target: 1.15,
  });
  return [row("delivery to completion", seconds.ours), row("without service", seconds.gap)];
}

function planOf(name: string, subnetCidr: string, servedModel: string): ClusterPlan {
  return new RayCluster(new TerraformStack(new App(), name), name, {
    backend: new LocalBackend({ subnetCidr }),
    pools: [{ name: "npu", nodes: NODES, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: LocalBackend.emulationImage(),
    engine: new EmulatedServe({ servedModel }),
  }).plan;
}

async function clusterOfOurs(host: DockerHost): Promise<void> {
  await host.clean();
  await host.prepare();
  const plan = planOf(NAME, SUBNET, "model-1");
  await startContainers(
    host,
    plan.nodes.map((node) => ({
      spec: withoutWorkload(containerSpec(plan, node), plan, node),
      address: node.address,
    })),
  );
  for (const model of ["model-0", "model-1"]) {
    const text = workloadText(workload(planOf(NAME, SUBNET, model)));
    await withFiles([{ path: `/${model}.json`, content: text }], (folder) =>
      host.copyInto(plan.nodes[0].name, folder),
    );
  }
  const [{ name }] = plan.nodes;
  await host.poll(TIMEOUT_SECONDS, async () => {
    const state = await host.exec(name, "cat", `${CONTAINER_PATHS.state}/${name}.json`);
    return state.includes("waiting for a workload") ? 0 : undefined;
  });
  await deliver(host, "model-1");
}

/** The number of the workload that serves then. */
async function deliver(host: DockerHost, model: string): Promise<string> {
  const plan = planOf(NAME, SUBNET, model);
  const number = workloadNumber(workloadText(workload(plan)));
  const [head] = plan.nodes;
  const said = await host.exec(head.name, ...nodeCommand("wait"), "--workload", `/${model}.json`);
  if (!said.includes(`workload: ${number}`)) {
    throw new Error(`the verdict is not about workload ${number}:\n${said}`);
  }
  return number;
}

async function rollOut(host: DockerHost, model: string): Promise<{ taken: number; seen: Seen }> {
  const url = urlOf(SUBNET);
  const losses: { from: number; to: number }[] = [];
  const client = { isDone: false };
  const watch = (async () => {
    let lostSince: number | undefined;
    while (!client.isDone || lostSince !== undefined) {
      const began = performance.now();
      const answered = await completion(url);
      if (!answered) {
        lostSince ??= began;
      } else if (lostSince !== undefined) {
        losses.push({ from: lostSince, to: performance.now() });
        lostSince = undefined;
      }
      await pause(ASK_MS);
    }
  })();
  const began = performance.now();
  await deliver(host, model);
  const taken = (performance.now() - began) / 1000;
  client.isDone = true;
  await watch;
  const lost = losses.reduce((sum, { from, to }) => sum + to - from, 0);
  return { taken, seen: { withoutService: lost / 1000, gaps: losses.length } };
}

async function clusterByHand(host: DockerHost): Promise<void> {
  await host.clean();
  await host.prepare();
  const plan = planOf(BY_HAND.name, BY_HAND.subnet, "model-0");
  await startByHand(host, plan);
  for (const node of plan.nodes) {
    const { files } = containerSpec(plan, node);
    await withFiles(files, (folder) => host.copyInto(node.name, folder));
  }
}

/** The engine's own command, in place of the one that runs. Seconds from its start until its first completion. */
async function startEngine(host: DockerHost, model: string): Promise<number> {
  const plan = planOf(BY_HAND.name, BY_HAND.subnet, model);
  const [head] = plan.nodes;
  const stop = `[ ! -e ${PID} ] || { kill "$(cat ${PID})"; while kill -0 "$(cat ${PID})"; do sleep 0.1; done; } 2>/dev/null`;
  await host.exec(head.name, "sh", "-c", stop);
  const start = `RAY_ADDRESS=${head.address}:6379 "$@" >/tmp/engine.log 2>&1 & echo $! >${PID}`;
  const began = performance.now();
  await host.exec(head.name, "sh", "-c", start, "sh", ...plan.engine.argv);
  await host.poll(TIMEOUT_SECONDS, async () => ((await completion(urlOf(BY_HAND.subnet))) ? 0 : undefined));
  return (performance.now() - began) / 1000;
}

function urlOf(subnet: string): string {
  return `http://${subnet.replace(/0\/24$/, "10")}:8000/v1/chat/completions`;
}

async function completion(url: string): Promise<boolean> {
  try {
    const body = JSON.stringify({ messages: [{ role: "user", content: "Who is there?" }] });
    const response = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(30_000) });
    return response.ok && (await response.text()).includes("ranks");
  } catch {
    return false;
  }
}
