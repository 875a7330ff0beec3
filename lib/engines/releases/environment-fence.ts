import { allVariables } from "../../catalog/environment";
import { type EnvironmentCopies, environmentCopiesOf } from "../../catalog/engines";
import type { EngineContext } from "../../topology/engine-spec";

/** How node-scoped variables are kept from being copied from the head to the other nodes. */
export interface EnvironmentFence {
  /** Names for the engine's own exclusion list. */
  readonly excluded: readonly string[];
  /** Name of the file with that list, in the engine's configuration folder; `undefined`: it has none. */
  readonly exclusionFile?: string;
  /** Names that its process must not see, because it has no such list. */
  readonly withheld: readonly string[];
}

/**
 * The fence for all versions of an engine, since its version is not known: an engine with an exclusion list gets
 * everything that any version copies; one without must not see it.
 */
export function environmentFence(engine: string, context: EngineContext): EnvironmentFence {
  const variables = nodeVariables(context);
  const copies = environmentCopiesOf(engine);
  const exclusionFile = copies.find((rule) => rule.exclusionFile !== null)?.exclusionFile ?? undefined;
  const listed = (file: boolean) => {
    const rules = copies.filter((rule) => (rule.exclusionFile !== null) === file);
    return variables.filter((name) => rules.some((rule) => copiesVariable(rule, name)));
  };
  return { excluded: listed(true), ...(exclusionFile ? { exclusionFile } : {}), withheld: listed(false) };
}

/** Names of all node-scoped variables, of the catalogue or declared. */
function nodeVariables({ nodeVariables: declared = [] }: EngineContext): readonly string[] {
  const known = allVariables().filter(({ scope }) => scope === "node");
  return [...new Set([...known.map(({ name }) => name), ...declared])].sort();
}

/** Whether an engine copies a variable from its process on the head to its workers on the other nodes. */
export function copiesVariable(rule: EnvironmentCopies, name: string): boolean {
  const { everything, prefixes, names, never } = rule;
  return (
    !never.includes(name) &&
    (everything || names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)))
  );
}
