import { repeated } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found } from "../../problems/rule";
import { show } from "../../problems/text";
import { MAXIMUM_CLUSTER_NAME, MAXIMUM_POOL_NAME } from "../plan/limits";
import type { ClusterRule } from "./rule";

const NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

export const nameRules: readonly ClusterRule[] = [
  errorRule("RC001", {
    title: "The cluster's name is a short DNS label",
    why: "The names of containers, networks and volumes start with it, and nodes resolve each other by name.",
    check: ({ name }) => checkName("name", name, MAXIMUM_CLUSTER_NAME),
  }),
  errorRule("RC002", {
    title: "A pool's name is a short DNS label",
    why: "Nodes are named <pool>-<index>, which is also their host name.",
    check: ({ pools }) =>
      pools.flatMap(({ name }, index) => checkName(`pools[${index}].name`, name, MAXIMUM_POOL_NAME)),
  }),
  errorRule("RC003", {
    title: "Pool names are unique",
    why: "Pools with the same name would have nodes with the same names.",
    check: ({ pools }) =>
      repeated(pools.map(({ name }, index) => ({ path: `pools[${index}].name`, value: name }))).map(
        ({ path, value, first }) => ({
          path,
          got: show(value),
          must: `differ from ${first}`,
          fix: "rename one of the two pools",
        }),
      ),
  }),
];

function checkName(path: string, name: string, maximum: number): Found<ErrorFinding> {
  if (NAME.test(name) && name.length <= maximum) {
    return [];
  }
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, maximum)
    .replace(/-+$/, "");
  return {
    path,
    got: show(name),
    must: `be 1 to ${maximum} lower-case letters, digits and dashes, starting with a letter and not ending with a dash`,
    fix: better === "" ? "choose a name such as 'gpu'" : `use '${better}'`,
  };
}
