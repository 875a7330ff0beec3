import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { judge } from "../../problems/rule";
import { ownDevices } from "../../runtime/container-spec/devices";
import { reportProblems } from "../../terraform/app-problems";
import { AppRegistry } from "../../terraform/app-registry";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { isExample } from "./example-machines";
import { containerName } from "./host-facts";
import type { Machine } from "./host-machine";
import { TENANT_TOPIC, type Tenant } from "./tenant-rules";
import { stateVolume, tokenVolume } from "./volume-names";

/** Tenants of all machines, in the order of the clusters. */
const TENANTS = new AppRegistry<Tenant>();

/** Reports what a cluster would take of its machines although an earlier one of the app has it. */
export function checkTenants(scope: Construct, plan: ClusterPlan, machines: readonly Machine[]): void {
  const { path } = scope.node;
  const stack = TerraformStack.of(scope).node.path;
  const own = plan.nodes.flatMap((node, index) =>
    // Nothing can be deployed to the machines of an example, and examples have them in common.
    isExample(machines[index]) ? [] : [{ cluster: path, stack, ...tenant(plan, node, machines[index]) }],
  );
  const earlier = TENANTS.add(scope, ...own);
  if (own.length > 0) {
    reportProblems(scope, judge(TENANT_TOPIC, own, earlier));
  }
}

function tenant(plan: ClusterPlan, node: NodePlan, machine: Machine): Omit<Tenant, "cluster" | "stack"> {
  return {
    machine: machine.name,
    target: `${machine.sshHost}:${machine.sshPort}`,
    pool: plan.pools.findIndex(({ name }) => name === node.pool),
    devices: ownDevices(plan, node),
    ports: plan.ports.filter(({ where }) => where === "node" || node.role === "head"),
    names: [
      `container ${containerName(plan, node)}`,
      `volume ${stateVolume(plan)}`,
      `volume ${tokenVolume(plan)}`,
    ],
  };
}
