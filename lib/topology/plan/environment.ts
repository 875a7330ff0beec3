import {
  allVariables,
  type FoundValue,
  type VariableFacts,
  variableApplies,
} from "../../catalog/environment";
import { fabricNeed } from "../../catalog/fabrics";
import { offlineVariables } from "../../catalog/model-hubs";
import type { EnvironmentPlan } from "./plan";
import { rankTableEnvironment } from "./rank-table-plan";
import type { ClusterSpec } from "./spec";

const WITHDRAWABLE: readonly FoundValue[] = ["address", "interface", "exact-interface"];

/** All variables by scope: what the catalogue derives, what the fabric pins and what the user adds. */
export function planEnvironment(spec: ClusterSpec): EnvironmentPlan {
  const cluster: { [name: string]: string } = {};
  const node: { [name: string]: FoundValue } = {};
  for (const variable of allVariables()) {
    if (variable.value === null || !isDerived(spec, variable)) {
      continue;
    }
    if ("found" in variable.value) {
      node[variable.name] = variable.value.found;
    } else {
      cluster[variable.name] = variable.value.constant;
    }
  }
  for (const name of spec.addressVariables) {
    node[name] = "address";
  }
  for (const name of spec.interfaceVariables) {
    node[name] = "interface";
  }
  return {
    cluster: sorted({
      ...cluster,
      ...(spec.models.length > 0 ? offlineVariables() : {}),
      ...spec.engine.clusterEnvironment,
      ...rankTableEnvironment(spec),
      ...spec.environment,
      ...fabricPins(spec),
    }),
    node: sorted(node),
    driver: sorted({ ...spec.engine.environment, ...spec.driverEnvironment }),
  };
}

/** Whether the plan sets the variable: it has an effect, the user has not set it, and what it names exists. */
function isDerived(spec: ClusterSpec, variable: VariableFacts): boolean {
  const isOnEmulated =
    spec.pools.every(({ accelerator }) => accelerator?.emulated !== false) &&
    (variable.appliesTo.fabrics?.length ?? 0) > 0;
  return (
    !isOnEmulated &&
    !(variable.overridable === true && variable.name in spec.environment) &&
    !spec.withdrawnVariables.includes(variable.name) &&
    variableApplies(variable, spec.collective, spec.engine.name, spec.fabric)
  );
}

/** Derived variables that a declaration may withdraw: those with the address or interface of a node. */
export function withdrawableVariables(): readonly string[] {
  return allVariables()
    .filter(({ value }) => value !== null && "found" in value && WITHDRAWABLE.includes(value.found))
    .map(({ name }) => name);
}

/** Variables that make the collective library fail where the declared fabric is missing. */
export function fabricPins(spec: ClusterSpec): { readonly [name: string]: string } {
  return fabricNeed(spec.fabric, spec.collective)?.environment ?? {};
}

function sorted<T>(record: { readonly [name: string]: T }): { readonly [name: string]: T } {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
