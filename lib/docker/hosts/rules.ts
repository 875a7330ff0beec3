import { isWhole } from "../../problems/checks";
import type { Problem } from "../../problems/problem";
import { judge, type Topic } from "../../problems/rule";
import { type ValueRule, valueRule, valuesAt } from "../../problems/value-rule";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";
import { INVENTORY_TOPIC } from "./inventory-rules";
import { MACHINE_TOPIC } from "./machine-rules";
import { POOL_TOPIC } from "./pool-rules";

const setting = (rule: ValueRule): HostsRule =>
  valueRule(rule, (declaration, at) => valuesAt(declaration, at, "backend"));

const settingRules: readonly HostsRule[] = [
  setting({
    id: "RC314",
    title: "A registry login names a registry",
    why: "The Docker provider looks up the credentials of `docker login` under exactly this name.",
    at: "registryLogins[]",
    is: /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/,
    must: "be the name of a registry, with its port if it has one",
    fix: "write what follows `docker login`, e.g. 'quay.io'",
  }),
  setting({
    id: "RC326",
    title: "Pulling an image may take at least a minute",
    why: "The images of engines are 10 GB and more; a shorter timeout fails every first deployment.",
    at: "imagePullTimeoutSeconds",
    is: (seconds: number) => isWhole(seconds, 60),
    must: "be a whole number of at least 60",
    fix: "leave it out for the default of two hours",
  }),
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
