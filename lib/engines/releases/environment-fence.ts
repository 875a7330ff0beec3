import { allVariables } from "../../catalog/environment";
import { type EnvironmentCopies, environmentCopiesOf } from "../../catalog/engine-environment";
import { compareVersions } from "../../catalog/ray-versions";
import type { EngineContext } from "../../topology/engine-spec";

/** How variables that differ from node to node are kept from being carried from the head to the other nodes. */
export interface EnvironmentFence {
  /** Names for the engine's own list of what it must not copy. */
  readonly excluded: readonly string[];
  /** Name of the file with that list, in the engine's configuration folder; `undefined`: it has none. */
  readonly exclusionFile?: string;
  /** Names that its process must not see at all, since it has no such list. */
  readonly withheld: readonly string[];
}

/**
 * The fence for an engine whose version is not known, so for all of them: an engine that takes a list gets all
 * that any of its versions copies, one that takes none must not see it.
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

/**
 * Variables that an engine carries from its process on the head to its workers on the other nodes.
 *
 * @param version version of the engine; `undefined`: any
 */
export function carriedToWorkers(
  engine: string,
  variables: readonly string[],
  version?: string,
): readonly string[] {
  const rules = environmentCopiesOf(engine).filter((rule) => holdsFor(rule, version));
  return variables.filter((name) => rules.some((rule) => copiesVariable(rule, name)));
}

/** Names of all variables that differ from node to node, known to the catalogue or declared. */
function nodeVariables({ nodeVariables: declared = [] }: EngineContext): readonly string[] {
  const known = allVariables().filter(({ scope }) => scope === "node");
  return [...new Set([...known.map(({ name }) => name), ...declared])].sort();
}

function copiesVariable(rule: EnvironmentCopies, name: string): boolean {
  const { everything, prefixes, names, never } = rule;
  return (
    !never.includes(name) &&
    (everything || names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)))
  );
}

function holdsFor({ from, to }: EnvironmentCopies, version: string | undefined): boolean {
  return (
    version === undefined ||
    ((from === null || compareVersions(version, from) >= 0) &&
      (to === null || compareVersions(version, to) <= 0))
  );
}
