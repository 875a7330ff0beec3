import type { ClusterPlan } from "../topology/plan/plan";
import type { EngineSpec } from "../topology/engine-spec";
import { hasApi } from "../topology/engine-spec";
import { showParallelism } from "../topology/model/parallelism";
import { code } from "./table";

/** What the engine does for its users, as the end of a sentence. */
export function engineSummary({ engine }: ClusterPlan, endpoint: string | undefined): string {
  const name = code(engine.name);
  if (engine.kind === "none") {
    return `Nothing runs on it but Ray.`;
  }
  if (engine.kind === "job") {
    return `The job ${name} runs on it to its end.`;
  }
  return `Engine ${name} serves ${code(engine.servedModel)} at ${endpoint ?? `port ${engine.port} of the head`}.`;
}

/** The engine's part of the review, line by line. */
export function engineLines({ engine }: ClusterPlan): readonly string[] {
  const { follower, parallelism, workingDirectory, withheld = [], texts = [] } = engine;
  return [
    engine.kind === "none" ? "- command: none" : `- command: ${code(engine.argv.join(" "))}`,
    ...(follower
      ? [
          `- on every other node with accelerators: ${code([...follower.argv, follower.rankFlag, "<rank>"].join(" "))}`,
        ]
      : []),
    ...(workingDirectory === undefined ? [] : [`- starts in ${code(workingDirectory)}`]),
    ...(parallelism ? [`- parallelism: ${showParallelism(parallelism)}`] : []),
    ...(withheld.length > 0
      ? [`- kept from its process, so that no other node gets the head's value: ${list(withheld)}`]
      : []),
    ...(texts.length > 0
      ? [`- files written for it on the head: ${list(texts.map(({ path }) => path))}`]
      : []),
    ...requirements(engine),
    ...readiness(engine),
  ];
}

function requirements({ requires }: EngineSpec): readonly string[] {
  const { programs = [], pythonModules = [], paths = [] } = requires ?? {};
  const needed = [...programs, ...pythonModules.map((name) => `import ${name}`), ...paths];
  return needed.length === 0 ? [] : [`- the image must hold: ${list(needed)}`];
}

function readiness(engine: EngineSpec): readonly string[] {
  if (engine.kind === "none") {
    return ["- ready when every planned node is a member"];
  }
  if (!hasApi(engine)) {
    return ["- a job: the deployment ends when it runs; its exit status is the outcome"];
  }
  const { healthPath, completion } = engine;
  const expected = completion.mustContain === undefined ? "any text" : code(completion.mustContain);
  return [
    `- up when ${code(`GET ${healthPath}`)} answers 200`,
    `- serving when ${code(`POST ${completion.path}`)} answers with ${expected}`,
  ];
}

function list(items: readonly string[]): string {
  return items.map(code).join(", ");
}
