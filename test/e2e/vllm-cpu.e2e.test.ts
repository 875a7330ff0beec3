/**
 * Real vLLM serves over two nodes with both executors, each with tensor and pipeline parallelism: the same greedy
 * answers, also after the second node's engine was killed.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { VllmExecutor } from "../../lib";
import { describeWith, DOCKER, DOCKER_PROVIDER, TERRAFORM } from "../support/requirements";
import { containerOf, type DeployedCluster, note, recovery, stateOf } from "./support/cluster";
import { eventually } from "./support/command";
import { Docker } from "./support/docker";
import { Project, REPOSITORY } from "./support/project";
import { VLLM_CPU_IMAGE } from "./support/requirements";
import type { VllmClusterProps } from "./stacks/vllm-cluster";

const NAME = "e2e-cpu-engine";
const PLACE = { subnetCidr: "10.89.137.0/24", apiPort: 8137 };
const MODEL = "tiny-llama";

/** What the model has learned; see tools/images/vllm-cpu/make_model.py. */
const ANSWER = "A tiny Llama of four layers is here. It was made on the spot and knows this answer by heart.";
const QUESTIONS = ["Who is there?", "What is the capital of France?"];

/** vLLM imports for half a minute on two cores, on each node. */
const DEPLOY_SECONDS = 500;
const RECOVERY_SECONDS = 300;

interface Run {
  readonly title: string;
  readonly props: VllmClusterProps["cut"];
  /** How vLLM itself names the cut, in each of its answers. */
  readonly fingerprint: RegExp;
  /** What is killed when it serves; `undefined`: nothing. */
  readonly kill?: Kill;
}

interface Kill {
  /** The process of the second node. */
  readonly victim: RegExp;
  /** What the cluster must say of it. */
  readonly reason: RegExp;
}

function run(
  executor: VllmExecutor,
  tensorParallelSize: number,
  pipelineParallelSize: number,
  kill?: Kill,
): Run {
  const parts = { tp: tensorParallelSize, pp: pipelineParallelSize };
  const [name] = Object.entries(parts).find(([, size]) => size > 1) ?? ["none"];
  return {
    title: `executor ${executor}, ${name} 2`,
    props: { executor, tensorParallelSize, pipelineParallelSize },
    fingerprint: new RegExp(`^vllm-[\\d.]+.*-${name}2\\b`),
    kill,
  };
}

const RUNS: readonly Run[] = [
  run(VllmExecutor.RAY, 1, 2),
  run(VllmExecutor.RAY, 2, 1, { victim: /RayWorkerProc|VLLM::Worker/, reason: /the engine exited/ }),
  run(VllmExecutor.MP, 1, 2),
  run(VllmExecutor.MP, 2, 1, { victim: /vllm serve .*--headless/, reason: /gpu-1 .*follower.*SIGKILL/ }),
];

describeWith([DOCKER, TERRAFORM, DOCKER_PROVIDER, VLLM_CPU_IMAGE], "real vLLM on two nodes", () => {
  const docker = new Docker();
  const cluster: DeployedCluster = {
    name: NAME,
    nodes: ["gpu-0", "gpu-1"],
    ranks: 2,
    url: `http://127.0.0.1:${PLACE.apiPort}`,
    docker,
  };
  // One project for all cuts, so each deploy changes what the one before has left.
  const register = join(REPOSITORY, "test", "tools", "register.cjs");
  const project = new Project(`node -r ${register} ${join(__dirname, "stacks/vllm-cluster.ts")}`, NAME);
  const answers = new Map<string, readonly string[]>();

  beforeAll(() => docker.sweep(NAME), 240_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    project.remove();
  }, 200_000);

  describe.each(RUNS)("$title", ({ title, props: cut, fingerprint, kill }) => {
    it(
      "serves when the deploy returns",
      async () => {
        const props: VllmClusterProps = { ...PLACE, cut };
        writeFileSync(join(project.folder, "cluster.json"), JSON.stringify({ name: NAME, ...props }));
        const deployed = await project.deploy(DEPLOY_SECONDS);
        note(`${title}: deployed after ${deployed.seconds.toFixed(0)} s`);
        expect(deployed.output).toContain("Apply complete!");
        expect(deployed.exitCode).toBe(0);
        expect((await stateOf(cluster)).state).toBe("serving");
      },
      (DEPLOY_SECONDS + 30) * 1000,
    );

    it("answers by ranks on both nodes", async () => {
      answers.set(title, await answersOf(cluster, fingerprint));
      expect(answers.get(title)).toEqual(QUESTIONS.map(() => ANSWER));
      for (const node of cluster.nodes) {
        expect([node, await processes(cluster, node)]).toEqual([
          node,
          expect.stringMatching(/VLLM::Worker|RayWorkerProc/),
        ]);
      }
    }, 240_000);

    if (kill !== undefined) {
      it(
        "serves again, with the same answer, after the second node's engine was killed",
        async () => {
          const since = new Date();
          process.kill(await pidOf(cluster, "gpu-1", kill.victim), "SIGKILL");
          const found = await recovery(cluster, since, RECOVERY_SECONDS);
          note(
            `${title}: serves again after ${found.seconds.toFixed(0)} s, through ${found.states.join(", ")}`,
          );
          note(`${title}: ${found.reasons.join("; ")}`);
          expect(found.reasons[0]).toMatch(kill.reason);
          expect(await answersOf(cluster, fingerprint)).toEqual(answers.get(title));
        },
        (RECOVERY_SECONDS + 60) * 1000,
      );
    }
  });

  it("gave the same answers however the model was cut", () => {
    expect([...answers.keys()]).toEqual(RUNS.map(({ title }) => title));
    expect(new Set([...answers.values()].map((texts) => JSON.stringify(texts))).size).toBe(1);
  });

  it("leaves nothing behind", async () => {
    expect((await project.destroy()).exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
  }, 200_000);
});

/** Greedy answers through the public API, each with the cut that vLLM says it was made by. */
async function answersOf(cluster: DeployedCluster, fingerprint: RegExp): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const content of QUESTIONS) {
    const response = await fetch(`${cluster.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        model: MODEL,
        messages: [{ role: "user", content }],
        max_tokens: 64,
        temperature: 0,
      }),
      signal: AbortSignal.timeout(60_000),
    });
    const body = (await response.json()) as any;
    expect([response.status, body.system_fingerprint]).toEqual([200, expect.stringMatching(fingerprint)]);
    texts.push(body.choices[0].message.content);
  }
  return texts;
}

/** Command lines of a node, each after its process id on this machine. */
async function processes(cluster: DeployedCluster, node: string): Promise<string> {
  return cluster.docker.output("top", containerOf(cluster, node), "-eo", "pid,args");
}

/** The process of a node whose command line fits. */
async function pidOf(cluster: DeployedCluster, node: string, victim: RegExp): Promise<number> {
  return eventually(`${node} runs ${victim}`, 10, async () => {
    const lines = (await processes(cluster, node)).split("\n").map((line) => /^\s*(\d+) (.*)$/.exec(line));
    const found = lines.find((line) => line !== null && victim.test(line[2]));
    return found ? Number(found[1]) : undefined;
  });
}
