import { hasTokenAuthentication } from "./plan/authentication";
import type { ClusterProps } from "./declaration/cluster-props";
import { planContainerNeeds } from "./plan/container-needs";
import { planEnvironment } from "./plan/environment";
import { planNodes, planPools } from "./plan/nodes";
import type { Place } from "./plan/place";
import type { ClusterPlan, ImagePlan, RayPlan } from "./plan/plan";
import { PlanError, sortProblems } from "../problems/plan-error";
import { planPorts } from "./plan/ports";
import { planRankTable } from "./plan/rank-table-plan";
import { checkRules } from "./rules";
import { type ClusterSpec, type ImageSpec, normalise } from "./plan/spec";
import { planStaging, planStorage } from "./plan/staging";

/**
 * Decides everything about a cluster, or says everything that is wrong with its declaration.
 *
 * @param props the declaration
 * @param place what the place decides: network, addresses, limits
 * @throws PlanError with all problems at once
 */
export function planCluster(props: ClusterProps, place: Place): ClusterPlan {
  const spec = normalise(props, place);
  const problems = sortProblems([...checkRules(spec, place), ...place.problems]);
  const errors = problems.filter((problem) => problem.level === "error");
  if (errors.length > 0) {
    throw new PlanError(spec.name, errors);
  }
  return {
    name: spec.name,
    fabric: spec.fabric,
    subnetCidr: place.subnetCidr,
    pools: planPools(spec, place),
    nodes: planNodes(spec, place),
    rankTable: planRankTable(spec, planNodes(spec, place), planPorts(spec)),
    toleratedChecks: spec.toleratedChecks,
    image: planImage(spec.image),
    ray: planRay(spec, place),
    ports: planPorts(spec),
    environment: planEnvironment(spec),
    engine: spec.engine,
    container: planContainerNeeds(spec, place),
    storage: planStorage(spec),
    staging: planStaging(spec),
    deadlines: spec.deadlines,
    retries: spec.retries,
    warnings: problems,
  };
}

function planImage(image: ImageSpec): ImagePlan {
  return {
    reference: image.reference,
    digest: image.reference.split("@")[1],
    pythonVersion: image.pythonVersion,
    derived: image.derived,
  };
}

function planRay(spec: ClusterSpec, place: Place): RayPlan {
  return {
    version: spec.image.rayVersion,
    authentication: hasTokenAuthentication(spec.image.rayVersion) ? "token" : "none",
    cpusPerNode: place.cpusPerNode,
    objectStoreMiB: place.objectStoreMiB,
  };
}
