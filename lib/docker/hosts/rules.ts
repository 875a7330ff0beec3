import { checkWhole } from "../../problems/checks";
import type { Problem } from "../../problems/problem";
import { judge, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";
import { INVENTORY_TOPIC } from "./inventory-rules";
import { MACHINE_TOPIC } from "./machine-rules";
import { POOL_TOPIC } from "./pool-rules";

const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/;

const settingRules: readonly HostsRule[] = [
  {
    id: "RC314",
    level: "error",
    title: "A registry login names a registry",
    why: "The Docker provider looks up the credentials of `docker login` under exactly this name.",
    check: ({ registryLogins }) =>
      registryLogins.flatMap((registry, index) =>
        REGISTRY.test(registry)
          ? []
          : [
              {
                path: `backend.registryLogins[${index}]`,
                got: show(registry),
                must: "be the name of a registry, with its port if it has one",
                fix: "write what follows `docker login`, e.g. 'quay.io'",
              },
            ],
      ),
  },
  {
    id: "RC326",
    level: "error",
    title: "Pulling an image may take at least a minute",
    why: "The images of engines are 10 GB and more; a shorter timeout fails every first deployment.",
    check: ({ imagePullTimeoutSeconds }) =>
      checkWhole(
        { path: "backend.imagePullTimeoutSeconds", value: imagePullTimeoutSeconds },
        60,
        "leave it out for the default of two hours",
      ),
  },
];

/** Rules of a place made of existing machines; the rules of the topology judge addresses and network. */
export const HOSTS_TOPICS: readonly Topic<HostsDeclaration, HostsFacts>[] = [
  INVENTORY_TOPIC,
  MACHINE_TOPIC,
  POOL_TOPIC,
  { title: "Clusters on existing machines", rules: settingRules },
];

/** Everything that is wrong with the machines of a cluster. */
export function checkHosts(declaration: HostsDeclaration, facts: HostsFacts): readonly Problem[] {
  return judgeHosts(HOSTS_TOPICS, declaration, facts);
}

/** Everything that is wrong with machines, whatever cluster they are for. */
export function checkMachines(declaration: HostsDeclaration): readonly Problem[] {
  return judgeHosts([INVENTORY_TOPIC, MACHINE_TOPIC], declaration, { pools: [], assignment: {} });
}

function judgeHosts(
  topics: readonly Topic<HostsDeclaration, HostsFacts>[],
  declaration: HostsDeclaration,
  facts: HostsFacts,
): readonly Problem[] {
  const { inventory } = declaration;
  // Nothing else can be said about a file that cannot be read.
  const judged = inventory?.isUnreadable ? [INVENTORY_TOPIC] : topics;
  return judged
    .flatMap((topic) => judge(topic, declaration, facts))
    .map((problem) => ({ ...problem, path: inventory?.locate(problem.path) ?? problem.path }));
}
