import type { ClusterPlan, NodePlan, StagingPlan } from "../../topology/plan/plan";
import { CONTAINER_PATHS } from "../paths";

/** The part `staging` of a node's `node.json`. */
export function stagingConfig({ staging }: ClusterPlan, node: NodePlan) {
  if (staging === undefined) {
    return null;
  }
  const { destination, placement, parallelFiles, deadlineSeconds } = staging;
  return { source: sourceOf(staging, node), destination, placement, parallelFiles, deadlineSeconds };
}

function sourceOf({ source, secret }: StagingPlan, node: NodePlan) {
  const { kind, location, revision, endpoint, include, exclude } = source;
  if (kind === "path") {
    return { kind };
  }
  if (kind === "index") {
    // Only the head reads it: the others wait for the head, or take the files from it.
    return { kind, name: location, index: CONTAINER_PATHS.modelSecret };
  }
  return {
    kind,
    repository: location,
    revision: revision ?? "",
    endpoint: endpoint ?? "",
    tokenFile: secret !== undefined && node.role === "head" ? CONTAINER_PATHS.modelSecret : null,
    include,
    exclude,
  };
}
