import { acknowledged } from "./acknowledgements";
import { hasTokenAuthentication } from "./plan/authentication";
import type { ClusterProps } from "./declaration/cluster-props";
import { planContainerNeeds } from "./plan/container-needs";
import { planEnvironment } from "./plan/environment";
import { planNodes, planPools } from "./plan/nodes";
import type { Place } from "./plan/place";
import type { ClusterPlan, ImagePlan, RayPlan } from "./plan/plan";
import { lateProblems } from "../problems/late-values";
import { PlanError } from "../problems/plan-error";
import type { Problem } from "../problems/problem";
import { isBuildable } from "../problems/rule";
import { declaredPorts } from "./plan/ports";
import { planRankTable } from "./plan/rank-table-plan";
import { checkRules } from "./rules";
import { planMemory } from "./rules/model/memory-plan";
import type { PlanFacts } from "./rules/rule";
import { type ClusterSpec, type ImageSpec, normalise } from "./plan/spec";
import { planStaging, planStorage } from "./plan/staging";

/** What became of a declaration. */
export interface Judgement {
  /** Errors and warnings, sorted. */
  readonly problems: readonly Problem[];
  /** @default - there is an error */
  readonly plan?: ClusterPlan;
}

/**
 * Decides everything about a cluster, or says everything that is wrong with its declaration.
 *
 * @param props the declaration
 * @param place what the place decides: network, addresses, limits
 * @param problemsOfPlace what is wrong with the place itself
 */
export function judgeCluster(
  props: ClusterProps,
  place: Place,
  problemsOfPlace: readonly Problem[] = [],
): Judgement {
  const spec = normalise(props, place);
  const facts: PlanFacts = { place, nodes: planNodes(spec, place), ports: declaredPorts(spec) };
  const found = [
    ...lateProblems(props),
    ...lateProblems(props.model ?? {}, "model"),
    ...lateProblems(spec.engine.declared ?? {}, "engine"),
    ...checkRules(spec, facts),
    ...(spec.engine.problems ?? []),
    ...problemsOfPlace,
  ];
  const plan = isBuildable(found) ? planOf(spec, facts) : undefined;
  const own = plan === undefined ? [] : (props.rules ?? []).flatMap((rule) => rule.check(plan));
  const problems = acknowledged([...found, ...own], props.acknowledge);
  return plan !== undefined && isBuildable(problems)
    ? { problems, plan: { ...plan, warnings: problems } }
    : { problems };
}

/** @throws PlanError with all problems of the declaration at once */
export function planCluster(props: ClusterProps, place: Place): ClusterPlan {
  const { problems, plan } = judgeCluster(props, place);
  if (plan === undefined) {
    throw new PlanError(problems.filter(({ level }) => level === "error"));
  }
  return plan;
}

/** Without the warnings, which other rules may add to. */
function planOf(spec: ClusterSpec, { place, nodes, ports: declared }: PlanFacts): ClusterPlan {
  const ports = declared.map(({ port }) => port);
  return {
    name: spec.name,
    fabric: spec.fabric,
    subnetCidr: place.subnetCidr,
    pools: planPools(spec, place),
    nodes,
    rankTable: planRankTable(spec, ports),
    toleratedChecks: spec.toleratedChecks,
    image: planImage(spec.image),
    ray: planRay(spec, place),
    internodeTls: spec.internodeTls,
    ports,
    closedBy: place.closedBy,
    environment: planEnvironment(spec),
    engine: spec.engine,
    container: planContainerNeeds(spec, place),
    memory: place.emulated ? undefined : planMemory(spec),
    storage: planStorage(spec),
    staging: planStaging(spec),
    secrets: spec.secrets,
    deadlines: spec.deadlines,
    retries: spec.retries,
    warnings: [],
  };
}

function planImage(image: ImageSpec): ImagePlan {
  return {
    reference: image.reference,
    digest: image.reference.split("@")[1],
    pythonVersion: image.pythonVersion,
    shellFiles: image.shellFiles,
    derived: image.derived,
  };
}

function planRay(spec: ClusterSpec, place: Place): RayPlan {
  return {
    version: spec.image.rayVersion,
    ...(hasTokenAuthentication(spec.image.rayVersion)
      ? { authentication: "token" }
      : { authentication: "none", unauthenticatedBecause: spec.allowUnauthenticatedRay }),
    cpusPerNode: place.cpusPerNode,
    objectStoreMiB: place.objectStoreMiB,
  };
}
