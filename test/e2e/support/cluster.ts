import { basename } from "node:path";
import { ask } from "./client";
import { eventually, sleep } from "./command";
import type { Docker } from "./docker";

/** What `ray_node status --json` says; see `lib/runtime/README.md`. */
export interface NodeState {
  readonly node: string;
  readonly state: string;
  readonly since: string;
  readonly reason: string | null;
  readonly authentication: string;
  /** Number of the workload that runs, on the head. */
  readonly workload?: string;
  /** Id of Ray's session, on the head. */
  readonly session?: string;
  readonly warnings: readonly string[];
  readonly members: readonly { readonly name: string; readonly verdict: string }[];
  readonly culprit: { readonly name: string; readonly address: string; readonly reason: string } | null;
  readonly lastLogLines: readonly string[];
  /** On the head of a cluster with a job. */
  readonly job?: { readonly exitCode: number | null; readonly seconds: number | null };
  readonly history: readonly {
    readonly state: string;
    readonly at: string;
    readonly reason: string | null;
  }[];
}

export interface DeployedCluster {
  readonly name: string;
  /** Node names, the head first. */
  readonly nodes: readonly string[];
  readonly ranks: number;
  /** @default - the emulated engine's */
  readonly model?: string;
  readonly url: string;
  readonly docker: Docker;
}

/** Container of a node. */
export function containerOf(cluster: DeployedCluster, node: string): string {
  return `${cluster.name}-${node}`;
}

/** What the node says of itself; throws when nobody answers there. */
export async function stateOf(cluster: DeployedCluster, node = cluster.nodes[0]): Promise<NodeState> {
  const container = containerOf(cluster, node);
  const text = await cluster.docker.everything("exec", container, ...STATUS);
  try {
    return JSON.parse(text) as NodeState;
  } catch {
    throw new Error(`${container}: ${text.trim()}`);
  }
}

const STATUS = ["python3", "-m", "ray_node", "status", "--json"];

/** All that the gate said; `cdktf` may end before it has read the end of what a failed deployment says. */
export function gateLog(cluster: Pick<DeployedCluster, "name" | "docker">): Promise<string> {
  return cluster.docker.everything("logs", `${cluster.name}-gate`);
}

/** The text of a real completion; throws with the answer unless it is a 200. */
export function complete(cluster: DeployedCluster): Promise<string> {
  return ask(cluster.url, cluster.model ?? "emulated");
}

/** The answers that a client gets meanwhile, each as often as it changes; requests are lost in one piece, if any. */
export async function whileAsked(
  question: () => Promise<string>,
  work: () => Promise<void>,
): Promise<readonly string[]> {
  const said: (string | undefined)[] = [await question()];
  const done = work().then(() => true);
  for (let isDone = false; !isDone;) {
    isDone = await Promise.race([done, sleep(0.3).then(() => false)]);
    said.push(await question().catch(() => undefined));
  }
  const runs = said.filter((text, index) => index === 0 || text !== said[index - 1]);
  note(`${said.filter((text) => text === undefined).length} of ${said.length} requests were lost`);
  expect(runs.filter((text) => text === undefined).length).toBeLessThanOrEqual(1);
  return runs.filter((text) => text !== undefined);
}

/** The cluster serves now: the head says so, every container is healthy, and every rank answers. */
export async function expectServing(cluster: DeployedCluster): Promise<void> {
  expect((await stateOf(cluster)).state).toBe("serving");
  expect(await complete(cluster)).toContain(`${cluster.ranks} of ${cluster.ranks} ranks`);
  for (const node of cluster.nodes) {
    await eventually(`${node} is healthy`, 40, async () => {
      const { State } = await cluster.docker.inspect(containerOf(cluster, node));
      return State.Health?.Status === "healthy" ? true : undefined;
    });
  }
}

export interface Recovery {
  /** States the head went through between the two servings. */
  readonly states: readonly string[];
  /** What the head gave as reasons for leaving `serving`. */
  readonly reasons: readonly string[];
  readonly seconds: number;
}

/**
 * Waits until the cluster has left `serving` because of what happened after `since`, and is back. A
 * cluster that never noticed does not pass: then the test would prove nothing.
 */
export async function recovery(
  cluster: DeployedCluster,
  since: Date,
  timeoutSeconds: number,
): Promise<Recovery> {
  const history = await eventually(`${cluster.name} serves again`, timeoutSeconds, async () => {
    const found = await stateOf(cluster);
    const later = found.history.filter((entry) => new Date(entry.at) > since);
    if (found.state === "serving" && new Date(found.since) > since && later.length > 1) {
      return later;
    }
    throw new Error(`${found.state}: ${found.reason ?? ""}`);
  });
  return {
    states: history.map((entry) => entry.state),
    reasons: history.flatMap((entry) => entry.reason ?? []),
    seconds: (new Date(history[history.length - 1].at).getTime() - since.getTime()) / 1000,
  };
}

/** It serves, and goes on doing so for a while: what comes late would show here. */
export async function expectStaysServing(cluster: DeployedCluster, seconds: number): Promise<void> {
  const { since } = await stateOf(cluster);
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await sleep(2);
    const now = await stateOf(cluster);
    expect([now.state, now.since]).toEqual(["serving", since]);
  }
  expect(await complete(cluster)).toContain(`${cluster.ranks} of ${cluster.ranks} ranks`);
}

/** Kept for the report at the end of a run: how long each fault took, and in which file, since files run side by side. */
export function note(text: string): void {
  const file = basename(expect.getState().testPath ?? "", ".e2e.test.ts");
  process.stderr.write(`    ${file}: ${text}\n`);
}
