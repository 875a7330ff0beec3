import type { ClusterOptions, NodePool } from "../../topology/declaration/cluster-props";
import type { ModelSource } from "../../topology/values/model-source";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { type Life, lives, type LifePart } from "./lives";

/** Words of a declaration, nested as they were written; `undefined` stands for what was not declared. */
export interface Terms {
  readonly [name: string]: unknown;
}

/** The declaration's own words by the life that a change of them touches: where several, the longest. */
export type ClusterTerms = { readonly [life in Life]: Terms };

/**
 * What a plan of a changed declaration shows to a person: `nodes = 2 -> 4`. Only what was declared, and no secret. The
 * hashes show what else has changed: the library's own programs and defaults.
 */
export function clusterTerms(options: ClusterOptions, plan: ClusterPlan): ClusterTerms {
  const { machines, nodes, workload } = lives(plan, representatives(plan));
  const ofPools = (terms: (pool: NodePool) => Terms) => ({
    pools: Object.fromEntries(options.pools.map((pool) => [pool.name, terms(pool)])),
  });
  return {
    machine: {
      hashes: hashesOf(machines),
      fabric: options.fabric.id,
      subnetCidr: plan.subnetCidr,
      ...ofPools(({ machineType, accelerator }) => ({ machineType, accelerator: accelerator?.id })),
    },
    node: {
      hashes: hashesOf(nodes),
      image: options.image.reference,
      rayVersion: options.image.rayVersion,
      shellFiles: options.image.shellFiles.length > 0 ? options.image.shellFiles : undefined,
      ...ofPools(({ acceleratorsPerNode, devices }) => ({ acceleratorsPerNode, devices })),
      storage: options.storage?.map(({ hostPath, mountPath }) => `${hostPath}:${mountPath}`),
      environment: options.environment,
      addressVariables: options.addressVariables,
      interfaceVariables: options.interfaceVariables,
      rankTable: options.rankTable,
      ports: options.ports,
      internodeTls: options.internodeTls,
      cpusPerNode: plan.ray.cpusPerNode,
      objectStoreMiB: plan.ray.objectStoreMiB,
      sharedMemoryMiB: plan.container.sharedMemoryMiB,
      headTimeoutSeconds: options.headTimeoutSeconds,
      membershipTimeoutSeconds: options.membershipTimeoutSeconds,
      stopTimeoutSeconds: options.stopTimeoutSeconds,
    },
    workload: {
      number: workload.hash,
      ...ofPools(({ nodes: count }) => ({ nodes: count })),
      engine: { name: plan.engine.name, ...plan.engine.declared },
      model: options.model && modelTerms(options.model),
      driverEnvironment: options.driverEnvironment,
      toleratedChecks: options.toleratedChecks,
      membershipHoldSeconds: options.membershipHoldSeconds,
      stagingTimeoutSeconds: options.stagingTimeoutSeconds,
      engineTimeoutSeconds: options.engineTimeoutSeconds,
      completionTimeoutSeconds: options.completionTimeoutSeconds,
      servingTimeoutSeconds: options.servingTimeoutSeconds,
      engineStartAttempts: options.engineStartAttempts,
    },
  };
}

/** Without its secret. */
function modelTerms({ kind, location, revision, endpoint, include, exclude }: ModelSource): Terms {
  return { kind, location, revision, endpoint, include, exclude };
}

/** The head, and the first worker of each pool: the others of a pool differ from it only in name and address. */
function representatives({ nodes }: ClusterPlan): readonly NodePlan[] {
  return nodes.filter(
    ({ role, pool }, index) =>
      role === "head" || nodes.findIndex((node) => node.role === role && node.pool === pool) === index,
  );
}

function hashesOf(parts: readonly LifePart[]): Terms {
  return Object.fromEntries(parts.map(({ name, hash }) => [name, hash]));
}
