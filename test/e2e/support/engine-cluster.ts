import { join } from "node:path";
import { CONTAINER_PATHS } from "../../../lib/runtime/paths";
import type { EngineClusterProps } from "../stacks/engine-cluster";
import { containerOf, type DeployedCluster, type NodeState, stateOf } from "./cluster";
import { eventually } from "./command";
import { Docker } from "./docker";
import { Project, REPOSITORY } from "./project";
import { ensureStandInImage } from "./stand-in-image";

/** What a stand-in wrote down of one start (`test/e2e/python/stand_ins/record.py`). */
export interface Seen {
  readonly program: string;
  readonly argv: readonly string[];
  readonly pid: number;
  readonly workingDirectory: string;
  readonly environment: { readonly [name: string]: string };
  /** vLLM: names of variables that it leaves on their node. */
  readonly excluded?: readonly string[];
  /** ROLL: its configuration as Hydra composes it. */
  readonly configuration?: { readonly [key: string]: unknown };
  /** ROLL: the ranks that took part. */
  readonly ranks?: readonly Rank[];
}

/** What one rank of a stand-in says of itself. */
export interface Rank {
  readonly rank: number;
  readonly node: string;
  readonly address: string;
  readonly device: string;
  readonly pid: number;
  readonly environment: { readonly [name: string]: string };
}

const STAND_INS = "/var/lib/stand-ins";

/** A cluster of `stacks/engine-cluster.ts`, which a test deploys, breaks and looks into. */
export class EngineTestCluster {
  public readonly cluster: DeployedCluster;
  public readonly project: Project;
  private readonly environment: NodeJS.ProcessEnv = {};

  public constructor(
    public readonly name: string,
    private readonly props: EngineClusterProps,
  ) {
    const register = join(REPOSITORY, "test", "tools", "register.cjs");
    const app = join(REPOSITORY, "test", "e2e", "stacks", "engines-app.ts");
    this.project = new Project(`node -r ${register} ${app}`, name, this.environment);
    this.declare(props.standIn ?? {});
    this.cluster = {
      name,
      nodes: ["node-0", "node-1"],
      ranks: 4,
      model: "stand-in",
      url: `http://127.0.0.1:${props.apiPort}`,
      docker: new Docker(),
    };
  }

  /** Another declaration of the same cluster; the next deployment finds it so. */
  public redeclare(props: EngineClusterProps): void {
    this.environment.E2E_ENGINE = JSON.stringify({ name: this.name, ...props });
  }

  /** Changes the stand-ins only; the next deployment finds them so. */
  public declare(standIn: { readonly [name: string]: string }): void {
    this.environment.E2E_ENGINE = JSON.stringify({ name: this.name, ...this.props, standIn });
  }

  /** Image there, and nothing left of an earlier run. */
  public async prepare(): Promise<void> {
    await ensureStandInImage(this.props.rayVersion);
    await this.cluster.docker.sweep(this.name);
  }

  public async remove(): Promise<void> {
    await this.cluster.docker.sweep(this.name);
    this.project.remove();
  }

  public state(): Promise<NodeState> {
    return stateOf(this.cluster);
  }

  /** Address of a node, by its place. */
  public address(index: number): string {
    return this.props.subnetCidr.replace(/\.0\/24$/, `.${10 + index}`);
  }

  /** From their next start on, the stand-ins behave so, on all nodes. */
  public async behave(behaviour: string): Promise<void> {
    const script = `mkdir -p ${STAND_INS} && rm -f ${STAND_INS}/*.done && echo "$0" > ${STAND_INS}/behaviour`;
    for (const node of this.cluster.nodes) {
      await this.exec(node, "sh", "-c", script, behaviour);
    }
  }

  /** From their next start on, the stand-ins behave as their environment says, as in new containers. */
  public async behaveAsDeclared(): Promise<void> {
    for (const node of this.cluster.nodes) {
      await this.exec(node, "sh", "-c", `rm -f ${STAND_INS}/behaviour ${STAND_INS}/*.done`);
    }
  }

  /** A head that has failed gets a fresh budget, as a new deployment gives it; what becomes of that. */
  public async retry(behaviour: string, ends: readonly string[], seconds: number): Promise<Attempt> {
    expect((await this.state()).state).toBe("failed");
    await this.behave(behaviour);
    const since = new Date();
    const program = `from ray_node.agent import state; state.request_retry("${CONTAINER_PATHS.state}")`;
    await this.exec("node-0", "python3", "-c", program);
    return this.outcome(since, ends, seconds);
  }

  /** Waits for one of the states `ends` that was entered after `since`. */
  public async outcome(since: Date, ends: readonly string[], seconds: number): Promise<Attempt> {
    const state = await eventually(`${this.name} is ${ends.join(" or ")}`, seconds, async () => {
      const found = await this.state();
      if (ends.includes(found.state) && new Date(found.since) > since) {
        return found;
      }
      throw new Error(`${found.state}: ${found.reason ?? ""}`);
    });
    const history = state.history.filter(({ at }) => new Date(at) > since);
    return { state, history, states: history.map((entry) => entry.state) };
  }

  /** Every start of a stand-in on a node, the last one last. */
  public async seen(node: string): Promise<readonly Seen[]> {
    const text = await this.exec(node, "cat", `${STAND_INS}/seen.jsonl`);
    return text.split("\n").map((line) => JSON.parse(line) as Seen);
  }

  /** What the ranks of a serving engine say of themselves, in order. */
  public async ranks(): Promise<readonly Rank[]> {
    const response = await fetch(`${this.cluster.url}/stand-in/ranks`, {
      signal: AbortSignal.timeout(20_000),
    });
    return ((await response.json()) as { ranks: readonly Rank[] }).ranks;
  }

  public exec(node: string, ...command: readonly string[]): Promise<string> {
    return this.cluster.docker.output("exec", containerOf(this.cluster, node), ...command);
  }
}

/** What happened between a beginning and an end. */
export interface Attempt {
  /** The state at the end. */
  readonly state: NodeState;
  readonly history: NodeState["history"];
  readonly states: readonly string[];
}

/** Does the same with several clusters at a time; a failure says with which. */
export async function withAll<T extends { readonly name: string }>(
  clusters: readonly T[],
  work: (cluster: T) => Promise<void>,
): Promise<void> {
  const outcomes = await Promise.allSettled(clusters.map((cluster) => work(cluster)));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [`${clusters[index].name}: ${textOf(outcome.reason)}`] : [],
  );
  if (failures.length > 0) {
    throw new Error(failures.join("\n\n"));
  }
}

function textOf(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}
