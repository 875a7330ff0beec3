import type { ProofKind } from "../topology/values/proof";
import { type EngineSpec, engineKind, type ProofRequest } from "../topology/engine-spec";
import { showParallelism } from "../topology/model/parallelism";
import type { ClusterPlan } from "../topology/plan/plan";
import { code, codes } from "./table";

/** What the engine does, in one sentence. */
export function engineSummary({ engine }: ClusterPlan, endpoint: string | undefined): string {
  const { api } = engine;
  const name = code(engine.name);
  if (api) {
    return `Engine ${name} serves ${code(api.servedModel)} at ${endpoint ?? `port ${api.port} of the head`}.`;
  }
  return engineKind(engine) === "job" ? `The job ${name} runs to its end.` : "Only Ray runs on it.";
}

/** The engine's part of the review, line by line. */
export function engineLines({ engine }: ClusterPlan): readonly string[] {
  const { argv, follower, parallelism, workingDirectory, withheld = [], texts = [] } = engine;
  return [
    `- command: ${argv.length === 0 ? "none" : code(argv.join(" "))}`,
    ...(follower
      ? [
          `- on every other node with accelerators: ${code([...follower.argv, follower.rankFlag, "<rank>"].join(" "))}`,
        ]
      : []),
    ...(workingDirectory === undefined ? [] : [`- starts in ${code(workingDirectory)}`]),
    ...(parallelism ? [`- parallelism: ${showParallelism(parallelism)}`] : []),
    ...(withheld.length > 0
      ? [`- withheld from its process, which must not use or pass on a node's own value: ${codes(withheld)}`]
      : []),
    ...(texts.length > 0 ? [`- files written on the head: ${codes(texts.map(({ path }) => path))}`] : []),
    ...requirements(engine),
    ...readiness(engine),
  ];
}

function requirements({ requires }: EngineSpec): readonly string[] {
  const { programs = [], pythonModules = [], paths = [] } = requires ?? {};
  const needed = [...programs, ...pythonModules.map((name) => `import ${name}`), ...paths];
  return needed.length === 0 ? [] : [`- the image must contain: ${codes(needed)}`];
}

function readiness(engine: EngineSpec): readonly string[] {
  if (engine.api === undefined) {
    return engineKind(engine) === "job"
      ? ["- a job: the deployment returns once it runs; its exit status is the outcome"]
      : ["- ready when every planned node is a member"];
  }
  const { healthPath, proof, servers } = engine.api;
  return [
    servers === undefined
      ? `- up when ${code(`GET ${healthPath}`)} answers 200`
      : `- up when ${code(`GET ${healthPath}`)} lists ${servers} servers`,
    `- serving when ${proof.map(requestText).join(", or where that is refused ")}`,
  ];
}

function requestText({ kind, path, expect }: ProofRequest): string {
  return `${code(`POST ${path}`)} answers with ${expect === undefined ? ANSWERS[kind] : code(expect)}`;
}

const ANSWERS: { readonly [kind in ProofKind]: string } = {
  chat: "text or reasoning",
  completion: "text",
  embedding: "a vector",
  rerank: "scores",
  pooling: "numbers",
  transcription: "a transcript",
  custom: "HTTP 200",
};
