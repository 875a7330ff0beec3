import type { Problem } from "../../problems/problem";
import { judge } from "../../problems/rule";
import type { ClusterSpec } from "../plan/spec";
import { containerExtraRules } from "./container-extras";
import { deadlineRules } from "./deadlines";
import { engineRules } from "./engine";
import { environmentRules } from "./environment";
import { fabricRules } from "./fabric";
import { imageRules } from "./image";
import { imageSourceRules } from "./image-sources";
import { clusterModelRules } from "./model/model";
import { internodeTlsRules } from "./internode-tls";
import { nameRules } from "./names";
import { networkRules } from "./network";
import { poolRules } from "./pools";
import { portRules } from "./ports";
import { pythonPackageRules } from "./python-packages";
import { rankTableRules } from "./rank-table";
import type { ClusterTopic, PlanFacts } from "./rule";
import { secretRules } from "./secrets";
import { stagingRules } from "./staging";
import { storageRules } from "./storage";

/** All rules of a declaration. A new rule goes into the file of its topic, with the next free id. */
export const TOPOLOGY_TOPICS: readonly ClusterTopic[] = [
  { title: "Names", rules: nameRules },
  { title: "Pools and accelerators", rules: poolRules },
  { title: "Network and addresses", rules: networkRules },
  { title: "Ports", rules: portRules },
  { title: "Environment", rules: environmentRules },
  { title: "TLS between the nodes", rules: internodeTlsRules },
  { title: "Image and Ray", rules: imageRules },
  { title: "Engine", rules: engineRules },
  { title: "Timeouts and retries", rules: deadlineRules },
  { title: "Fabric", rules: fabricRules },
  { title: "Model", rules: clusterModelRules },
  { title: "Storage", rules: storageRules },
  { title: "Model source", rules: stagingRules },
  { title: "Containers", rules: containerExtraRules },
  { title: "Secrets", rules: secretRules },
  { title: "Python packages", rules: pythonPackageRules },
  { title: "Sources of an image", rules: imageSourceRules },
  { title: "Ascend", rules: rankTableRules },
];

/** Everything that the rules of all topics find. */
export function checkRules(spec: ClusterSpec, facts: PlanFacts): readonly Problem[] {
  return TOPOLOGY_TOPICS.flatMap((topic) => judge(topic, spec, facts));
}
