import type { IConstruct } from "constructs";
import type { ClusterPlan } from "../topology/plan/plan";
import { addStackFile } from "./stack-files";
import { type AccessFile, accessFileName, type Ec2Access, type ContainersAccess } from "./access-file";

/** Writes down how the nodes of a cluster are reached, for the owner's commands. */
export function writeAccessFile(
  scope: IConstruct,
  plan: ClusterPlan,
  access: ContainersAccess | Ec2Access,
): void {
  const port = (name: string) => plan.ports.find((candidate) => candidate.name === name)?.from ?? null;
  const file: AccessFile = {
    cluster: plan.name,
    apiPort: plan.engine.api?.port ?? null,
    // Off without a token, because whoever reaches a dashboard runs programs on the cluster.
    dashboardPort: plan.ray.authentication === "token" ? port("dashboard") : null,
    ...access,
  };
  addStackFile(scope, accessFileName(plan.name), `${JSON.stringify(file, null, 2)}\n`);
}
