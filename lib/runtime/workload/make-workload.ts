import { type EngineApi, engineKind } from "../../topology/engine-spec";
import { DEFAULT_MEMORY_UTILIZATION } from "../../topology/model/memory-fit";
import type { ClusterPlan, StagedModel, StagingPlan } from "../../topology/plan/plan";
import { CONTAINER_PATHS } from "../paths";
import { SECRET_FOLDER } from "../../topology/values/secret-ref";
import { contentHash } from "../content-hash";
import type { Workload, WorkloadApi, WorkloadEngine, WorkloadSource } from "./workload";

/** What the nodes of the plan run once they have formed a cluster. */
export function workload(plan: ClusterPlan): Workload {
  const { deadlines, retries, staging } = plan;
  return {
    schema: 1,
    cluster: plan.name,
    pools: plan.pools.map((pool) => ({
      name: pool.name,
      nodes: pool.nodes,
      accelerators: pool.acceleratorsPerNode,
      resource: pool.rayResource ?? null,
      addresses: pool.addresses ?? null,
      nodeNames:
        pool.addresses === undefined
          ? null
          : plan.nodes.filter((node) => node.pool === pool.name).map(({ name }) => name),
    })),
    engine: engineOf(plan),
    environment: { driver: plan.environment.driver },
    staging: staging === undefined ? null : stagingOf(staging),
    preflight: {
      tolerated: plan.toleratedChecks,
      deviceIps: Object.fromEntries(
        plan.nodes.flatMap(({ address, deviceIps }) =>
          address === undefined || deviceIps === undefined ? [] : [[address, deviceIps]],
        ),
      ),
      rankTable: plan.rankTable ?? null,
      memoryShare: plan.engine.sizing?.memoryUtilization ?? DEFAULT_MEMORY_UTILIZATION,
    },
    deadlines: {
      hold: deadlines.holdSeconds,
      engine: deadlines.engineSeconds,
      completion: deadlines.completionSeconds,
      serving: deadlines.servingSeconds,
    },
    retries: { engineStarts: retries.engineStarts },
  };
}

/** The text of `workload.json`, byte for byte as it is delivered. */
export function workloadText(made: Workload): string {
  return `${JSON.stringify(made, null, 2)}\n`;
}

/**
 * The number of a workload: the first 12 hexadecimal digits of the SHA-256 of its text. It follows from the content, so
 * the same declaration has the same number in every place and at every synth.
 */
export function workloadNumber(text: string): string {
  return contentHash(text);
}

function engineOf(plan: ClusterPlan): WorkloadEngine {
  const { engine } = plan;
  const { api } = engine;
  return {
    name: engine.name,
    kind: engineKind(engine),
    argv: engine.argv,
    api: api ? apiOf(api) : null,
    secrets: secretFiles(plan),
    follower: engine.follower ?? null,
    withheld: engine.withheld ?? [],
    texts: engine.texts ?? [],
    workingDirectory: engine.workingDirectory ?? null,
    requires: engine.requires ?? { programs: [], pythonModules: [], paths: [] },
  };
}

/** Files of the secrets that are variables of the engine's processes, by the variable. Only containers with such a process have them. */
function secretFiles({ secrets }: ClusterPlan): { readonly [variable: string]: string } {
  return Object.fromEntries(
    secrets.flatMap(({ name, variable }) =>
      variable === undefined ? [] : [[variable, `${SECRET_FOLDER}/${name}`]],
    ),
  );
}

function apiOf({ port, healthPath, servedModel, proof, tls, apiKeyFile, servers }: EngineApi): WorkloadApi {
  return {
    port,
    healthPath,
    servedModel,
    proof: proof.map((request) => ({ ...request, expect: request.expect ?? null })),
    tls: tls ? { authority: tls.authority ?? null, serverName: tls.serverName ?? null } : null,
    apiKeyFile: apiKeyFile ?? null,
    servers: servers ?? null,
  };
}

function stagingOf(staging: StagingPlan): Workload["staging"] {
  const { models, parallelFiles, deadlineSeconds } = staging;
  return {
    models: models.map((model) => {
      const { name, destination, placement } = model;
      return { name, source: sourceOf(model), destination, placement };
    }),
    parallelFiles,
    deadlineSeconds,
  };
}

/** Only the head is handed the secret: the others wait for the head, or take the files from it. */
function sourceOf({ name, source, secret }: StagedModel): WorkloadSource {
  const { kind, location, revision, endpoint, include, exclude } = source;
  const secretFile = `${CONTAINER_PATHS.modelSecrets}/${name}`;
  if (kind === "path") {
    return { kind };
  }
  if (kind === "index") {
    return { kind, name: location, index: secretFile };
  }
  return {
    kind,
    repository: location,
    revision: revision ?? "",
    endpoint: endpoint ?? "",
    tokenFile: secret === undefined ? null : secretFile,
    include,
    exclude,
  };
}
