import { findVariable, type VariableFacts } from "../../catalog/environment";
import type { ClusterSpec } from "../plan/spec";

/** A variable that the declaration sets, with the scope that holds there. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly scope: "cluster" | "driver";
}

/** A setting of a variable that the catalogue knows. */
export interface KnownSetting extends Setting {
  readonly facts: VariableFacts;
}

/** All variables with a value: the user's, then the engine's. */
export function settings(spec: ClusterSpec): readonly Setting[] {
  const collect = (
    path: string,
    scope: Setting["scope"],
    record: { readonly [name: string]: string },
  ): readonly Setting[] =>
    Object.entries(record).map(([name, value]) => ({
      name,
      value,
      path: `${path}.${name}`,
      scope,
    }));
  return [
    ...collect("environment", "cluster", spec.environment),
    ...collect("driverEnvironment", "driver", spec.driverEnvironment),
    ...collect("engine.environment", "driver", spec.engine.environment),
    ...collect("engine.clusterEnvironment", "cluster", spec.engine.clusterEnvironment ?? {}),
  ];
}

/** Those of them that the catalogue knows. */
export function known(spec: ClusterSpec): readonly KnownSetting[] {
  return settings(spec).flatMap((setting) => {
    const facts = findVariable(setting.name);
    return facts ? [{ ...setting, facts }] : [];
  });
}

/** The names of all variables, with a value or without. */
export function names(spec: ClusterSpec): readonly { readonly path: string; readonly name: string }[] {
  return [...settings(spec), ...nodeVariables(spec)];
}

/** Variables whose value each node finds, as the user names them. */
export function nodeVariables(
  spec: ClusterSpec,
): readonly { readonly path: string; readonly name: string }[] {
  return [
    ...spec.addressVariables.map((name, index) => ({ path: `addressVariables[${index}]`, name })),
    ...spec.interfaceVariables.map((name, index) => ({ path: `interfaceVariables[${index}]`, name })),
  ];
}
