import { MAXIMUM_CLUSTER_NAME, MAXIMUM_POOL_NAME } from "../plan/limits";
import type { Finding, Rule } from "./rule";
import { show } from "../../problems/text";

const NAME = /^[a-z](?:[a-z0-9-]*[a-z0-9])?$/;

export const nameRules: readonly Rule[] = [
  {
    id: "RC001",
    level: "error",
    title: "The cluster's name is a short DNS label",
    why: "It begins the names of containers, networks and volumes, and nodes resolve each other by name.",
    check: (spec) => checkName("name", spec.name, MAXIMUM_CLUSTER_NAME),
  },
  {
    id: "RC002",
    level: "error",
    title: "A pool's name is a short DNS label",
    why: "Nodes are called <pool>-<index>, which is also their host name.",
    check: (spec) =>
      spec.pools.flatMap((pool, index) => checkName(`pools[${index}].name`, pool.name, MAXIMUM_POOL_NAME)),
  },
  {
    id: "RC003",
    level: "error",
    title: "Pool names are unique",
    why: "Two pools of one name would give two nodes the same name.",
    check: (spec) =>
      spec.pools.flatMap((pool, index) => {
        const first = spec.pools.findIndex((other) => other.name === pool.name);
        return first === index
          ? []
          : [
              {
                path: `pools[${index}].name`,
                got: show(pool.name),
                allowed: `must differ from the name of pools[${first}]`,
                fix: `rename one of them, e.g. '${pool.name}-${index}'`,
              },
            ];
      }),
  },
];

function checkName(path: string, name: string, maximum: number): readonly Finding[] {
  if (NAME.test(name) && name.length <= maximum) {
    return [];
  }
  const better = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "")
    .slice(0, maximum)
    .replace(/-+$/, "");
  return [
    {
      path,
      got: show(name),
      allowed: `must be 1 to ${maximum} lower-case letters, digits and dashes, beginning with a letter and not ending with a dash`,
      fix: better === "" ? "give it a name such as 'gpu'" : `use '${better}'`,
    },
  ];
}
