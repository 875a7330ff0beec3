/**
 * Real vLLM on one node serves when the deploy returns, however it answers: with a reasoning parser, an API key and TLS; a
 * base model without a chat template; an embedding model. No command line and no log has the key.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeWith, DOCKER, DOCKER_PROVIDER, TERRAFORM } from "../support/requirements";
import { vllmCpuImageTag } from "../../tools/images/vllm-cpu-image";
import { type Answer, askSecurely, makeSecrets } from "./support/api-secrets";
import { containerOf, type DeployedCluster, note, stateOf } from "./support/cluster";
import { Docker } from "./support/docker";
import { Project, REPOSITORY } from "./support/project";
import { OPENSSL, VLLM_CPU_IMAGE } from "./support/requirements";
import type { Served, VllmServingProps } from "./stacks/vllm-serving";

const NAME = "e2e-vllm-serving";
const PLACE = { subnetCidr: "10.89.142.0/24", apiPort: 8142 };
/** vLLM imports for half a minute on two cores. */
const DEPLOY_SECONDS = 400;

describeWith([DOCKER, TERRAFORM, DOCKER_PROVIDER, VLLM_CPU_IMAGE, OPENSSL], "real vLLM on one node", () => {
  const docker = new Docker();
  const cluster: DeployedCluster = {
    name: NAME,
    nodes: ["gpu-0"],
    ranks: 1,
    url: `http://127.0.0.1:${PLACE.apiPort}`,
    docker,
  };
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-e2e-serving-"));
  const models = join(folder, "models");
  const secrets = join(folder, "secrets");
  const register = join(REPOSITORY, "test", "tools", "register.cjs");
  const project = new Project(`node -r ${register} ${join(__dirname, "stacks/vllm-serving.ts")}`, NAME);
  const head = containerOf(cluster, "gpu-0");
  let key: string;

  const askThinking = (given: string | undefined) =>
    askSecurely({ url: cluster.url, secrets, model: "thinking", key: given });

  async function deploy(served: Served): Promise<void> {
    const props: VllmServingProps = { ...PLACE, served, models, secrets };
    writeFileSync(join(project.folder, "cluster.json"), JSON.stringify({ name: NAME, ...props }));
    const { output, exitCode, seconds } = await project.deploy(DEPLOY_SECONDS);
    note(`${served}: deployed after ${seconds.toFixed(0)} s`);
    expect(output).toContain("Apply complete!");
    expect(exitCode).toBe(0);
    expect((await stateOf(cluster)).state).toBe("serving");
  }

  beforeAll(async () => {
    await docker.sweep(NAME);
    await makeModels(docker, models);
    key = makeSecrets(secrets, "vllm.example");
  }, 300_000);

  afterAll(async () => {
    await docker.sweep(NAME);
    project.remove();
    rmSync(folder, { recursive: true, force: true });
  }, 200_000);

  describe("with a reasoning parser, an API key and TLS", () => {
    it("serves, although all of its answer is reasoning", async () => {
      await deploy("thinking");
      const { status, body } = await askThinking(key);
      const { message } = JSON.parse(body).choices[0];
      expect([status, message.content]).toEqual([200, null]);
      expect(message.reasoning ?? message.reasoning_content).toContain("A tiny Llama of four layers");
    }, 500_000);

    it("refuses a question without the key, and one without TLS", async () => {
      expect((await askThinking(undefined)).status).toBe(401);
      expect((await askThinking(`${key}0`)).status).toBe(401);
      await expect(fetch(`${cluster.url}/v1/models`)).rejects.toThrow();
    }, 60_000);

    it("has the key in no command line, log, plan or state", async () => {
      const places = {
        processes: await docker.output("top", head, "-eo", "pid,args"),
        log: await docker.everything("logs", head),
        engineLog: await docker.output("exec", head, "cat", "/var/log/ray-cluster/engine.log"),
        container: await docker.output("inspect", head),
        state: JSON.stringify(await stateOf(cluster)),
        terraform: project
          .stateFiles()
          .map((file) => readFileSync(file, "utf8"))
          .join("\n"),
        synthesized: readFileSync(join(project.outputFolder, "cdk.tf.json"), "utf8"),
      };
      for (const [place, text] of Object.entries(places)) {
        expect([place, text.includes(key)]).toEqual([place, false]);
      }
      // The same search finds what is there.
      expect(places.processes).toContain("with_api_keys.py");
    }, 60_000);
  });

  it("serves a base model, which has no chat template, and does not start it twice", async () => {
    const since = new Date();
    await deploy("base");
    const answer = await ask(cluster, "/v1/completions", { prompt: "Who is there?\n", max_tokens: 40 });
    expect([answer.status, answer.body]).toEqual([
      200,
      expect.stringContaining("A tiny Llama of four layers"),
    ]);
    expect((await ask(cluster, "/v1/chat/completions", { messages: chat() })).status).toBe(400);
    expect(await starts(docker, head, since)).toBe(1);
  }, 500_000);

  it("serves an embedding model, and does not start it twice", async () => {
    const since = new Date();
    await deploy("embedding");
    const answer = await ask(cluster, "/v1/embeddings", { input: "Who is there?" });
    expect([answer.status, JSON.parse(answer.body).data[0].embedding.length]).toEqual([200, 128]);
    expect(await starts(docker, head, since)).toBe(1);
  }, 500_000);

  it("leaves nothing behind", async () => {
    expect((await project.destroy()).exitCode).toBe(0);
    expect(await docker.leftovers(NAME)).toEqual([]);
  }, 200_000);
});

/** The image's model under other names: one whose tokenizer knows thinking, and one without a chat template. */
async function makeModels(docker: Docker, folder: string): Promise<void> {
  mkdirSync(folder);
  const program = join(REPOSITORY, "test/e2e/python/make_served_models.py");
  const mounts = ["--volume", `${folder}:/served`, "--volume", `${program}:/make_served_models.py:ro`];
  await docker.output(
    ...["run", "--rm", "--network", "none", "--entrypoint", "python3", ...mounts, vllmCpuImageTag()],
    ...["/make_served_models.py", "/models/tiny-llama", "/served"],
  );
}

const chat = () => [{ role: "user", content: "Who is there?" }];

async function ask(cluster: DeployedCluster, path: string, question: object): Promise<Answer> {
  const response = await fetch(`${cluster.url}${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: modelOf(await modelsOf(cluster)), temperature: 0, ...question }),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, body: await response.text() };
}

async function modelsOf(cluster: DeployedCluster): Promise<string> {
  return (await fetch(`${cluster.url}/v1/models`, { signal: AbortSignal.timeout(20_000) })).text();
}

function modelOf(models: string): string {
  return (JSON.parse(models) as { data: readonly { id: string }[] }).data[0].id;
}

/** How often the engine was started: another workload is started in the container that is there. */
async function starts(docker: Docker, container: string, since: Date): Promise<number> {
  const log = await docker.everything("logs", "--since", since.toISOString(), container);
  return log.match(/engine: vllm serve /g)?.length ?? 0;
}
