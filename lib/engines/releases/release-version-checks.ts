import { findAccelerator } from "../../catalog/accelerators";
import { findEngineRelease, type FoundRelease } from "../../catalog/engine-releases";
import { engineMilestone } from "../../catalog/engine-versions";
import { compareVersions, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import type { EngineReleaseQuery, ReleaseFinding } from "./release-query";

/** vLLM on several nodes without Ray. */
export function nodesWithoutRay(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const oldest = engineMilestone("vllm-nodes-without-ray").version;
  const version = versionOf(query, found);
  return query.engine === "vllm" &&
    query.executor === "mp" &&
    query.nodes > 1 &&
    version !== undefined &&
    compareVersions(version, oldest) < 0
    ? [
        {
          level: "error",
          path: "engine.executor",
          got: "'mp'",
          allowed: `needs vLLM ${oldest} or newer, this is ${version}`,
          fix: "use a newer image, or VllmExecutor.RAY",
          reason: "--nnodes and --node-rank do not exist there",
          links: [],
        },
      ]
    : [];
}

/** LMDeploy across Ascend nodes. */
export function rankTable(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const { version: first, links } = engineMilestone("lmdeploy-without-rank-table");
  const version = versionOf(query, found);
  const facts = query.acceleratorId === undefined ? undefined : findAccelerator(query.acceleratorId);
  if (query.engine !== "lmdeploy" || facts?.collective !== "hccl" || version === undefined) {
    return [];
  }
  const reads = compareVersions(version, first) < 0;
  if (reads && query.nodes > 1 && query.rankTable === false) {
    return [
      {
        level: "error",
        path: "environment.ASCEND_RANK_TABLE_FILE_PATH",
        got: "nothing",
        allowed: `must name a rank table for LMDeploy before ${first}, this is ${version}`,
        fix: `leave rankTable out, which makes one, or use LMDeploy ${first} or newer, which needs none`,
        reason: "its Ray executor refuses to start without one",
        links,
      },
    ];
  }
  return !reads && query.rankTable === true
    ? [
        {
          level: "warning",
          path: "environment.ASCEND_RANK_TABLE_FILE_PATH",
          got: "a rank table",
          allowed: `has no effect since LMDeploy ${first}`,
          fix: "remove it; dlinfer's graph mode alone still reads it, and then takes HCCL in place of LCCL",
          reason: "LMDeploy does not read it any more",
          links,
        },
      ]
    : [];
}

/** Whether the version that the catalogue knows in this image refuses Ascend nodes without a rank table. */
export function readsRankTable(engine: string, image: string | undefined): boolean {
  const version = image === undefined ? undefined : findEngineRelease(image)?.version;
  return (
    engine === "lmdeploy" &&
    version !== undefined &&
    parseVersion(version) !== undefined &&
    compareVersions(version, engineMilestone("lmdeploy-without-rank-table").version) < 0
  );
}

/** Ray that takes nobody without a token. */
export function token({ rayVersion, authentication }: EngineReleaseQuery): readonly ReleaseFinding[] {
  const first = rayVersionOf("token-default");
  return parseVersion(rayVersion) && compareVersions(rayVersion, first) >= 0 && authentication === "none"
    ? [
        {
          level: "error",
          path: "image.rayVersion",
          got: `'${rayVersion}'`,
          allowed: `needs a token: Ray ${first} and newer refuse members without one`,
          fix: "leave the authentication to the plan, which makes a token",
          reason: "token authentication is on by default for all clusters",
          links: ["https://docs.ray.io/en/latest/ray-security/token-auth.html"],
        },
      ]
    : [];
}

/** Ray that vLLM is reported not to run on. */
export function rayTrouble(query: EngineReleaseQuery): readonly ReleaseFinding[] {
  const { engine, version, meaning, links } = engineMilestone("ray-breaks-vllm");
  return query.engine === engine &&
    query.executor !== "mp" &&
    parseVersion(query.rayVersion) &&
    compareVersions(query.rayVersion, version) >= 0
    ? [
        {
          level: "warning",
          path: "image.rayVersion",
          got: `'${query.rayVersion}'`,
          allowed: `is reported to break vLLM's executor 'ray' from ${version} on`,
          fix: "use 2.48.0, with which vLLM tests itself, or VllmExecutor.MP",
          reason: meaning,
          links,
        },
      ]
    : [];
}

function versionOf(query: EngineReleaseQuery, found: FoundRelease | undefined): string | undefined {
  const version = query.engineVersion ?? found?.version;
  return version !== undefined && parseVersion(version) ? version : undefined;
}
