import type { Problem } from "../../problems/problem";
import type { ClusterSpec } from "../plan/spec";
import { deadlineRules } from "./deadlines";
import { engineRules } from "./engine";
import { environmentRules } from "./environment";
import { fabricRules } from "./fabric";
import { imageRules } from "./image";
import { clusterModelRules } from "./model/model";
import { nameRules } from "./names";
import { networkRules } from "./network";
import { poolRules } from "./pools";
import { portRules } from "./ports";
import { pythonPackageRules } from "./python-packages";
import { rankTableRules } from "./rank-table";
import type { PlanFacts, Rule } from "./rule";
import { stagingRules } from "./staging";
import { storageRules } from "./storage";

/** A group of rules, in a file of its own. */
export interface RuleTopic {
  readonly title: string;
  readonly rules: readonly Rule[];
}

/** All rules. A new rule goes into the file of its topic, with the next free id of that topic. */
export const RULE_TOPICS: readonly RuleTopic[] = [
  { title: "Names", rules: nameRules },
  { title: "Pools and accelerators", rules: poolRules },
  { title: "Network and addresses", rules: networkRules },
  { title: "Ports", rules: portRules },
  { title: "Environment", rules: environmentRules },
  { title: "Image and Ray", rules: imageRules },
  { title: "Engine", rules: engineRules },
  { title: "Deadlines and retries", rules: deadlineRules },
  { title: "Fabric", rules: fabricRules },
  { title: "Model", rules: clusterModelRules },
  { title: "Storage", rules: storageRules },
  { title: "Where the model comes from", rules: stagingRules },
  { title: "Python packages", rules: pythonPackageRules },
  { title: "Ascend", rules: rankTableRules },
];

/** Runs all rules and returns everything that they find. */
export function checkRules(spec: ClusterSpec, facts: PlanFacts): readonly Problem[] {
  return RULE_TOPICS.flatMap(({ rules }) => rules).flatMap((rule) =>
    rule.check(spec, facts).map((finding) => ({ rule: rule.id, level: rule.level, ...finding })),
  );
}
