import type { Construct } from "constructs";
import type { Problem } from "../../problems/problem";
import type { ClusterEndpoint, ClusterShape, IClusterSite } from "../../terraform/cluster-backend";
import type { Place } from "../../topology/plan/place";
import type { ClusterPlan } from "../../topology/plan/plan";
import { type Assignment, assign } from "./assignment";
import { exampleRefusals } from "./example-machines";
import { isComplete, isInService, type Machine } from "./host-machine";
import { buildHostsCluster } from "./hosts-cluster";
import type { HostsDeclaration } from "./hosts-declaration";
import { checkHosts } from "./rules";

/** Stands for what an inventory lacks, so that the rest of a declaration is judged all the same. */
const UNKNOWN = { subnetCidr: "192.0.2.0/24", addresses: {}, headAddress: "192.0.2.1" };

/** The place of one cluster on existing machines. */
export class HostsSite implements IClusterSite {
  public readonly place: Place;
  public readonly problems: readonly Problem[];
  private readonly assignment: Assignment;
  /** Empty where something is missing, which is a problem. */
  private readonly machines: readonly Machine[];

  public constructor(
    private readonly scope: Construct,
    { pools }: ClusterShape,
    private readonly declaration: HostsDeclaration,
  ) {
    const { machines, subnetCidr, inventory } = declaration;
    this.assignment = assign(machines, pools);
    this.problems = checkHosts(declaration, { pools, assignment: this.assignment });
    const isKnown = subnetCidr !== undefined && !inventory?.isUnreadable;
    this.machines = isKnown && machines.every(isComplete) ? machines : [];
    this.place = {
      backend: "hosts",
      ...(isKnown && this.machines.length === machines.length
        ? { subnetCidr, ...this.addresses() }
        : UNKNOWN),
      networkMode: "host",
      closedBy: declaration.packetFilter.closedBy,
      clientCidrs: declaration.packetFilter.clientCidrs,
      emulated: false,
      cpusPerNode: declaration.cpusPerNode,
      objectStoreMiB: declaration.objectStoreMiB,
      sharedMemoryMiB: declaration.sharedMemoryMiB,
    };
  }

  public create(plan: ClusterPlan): ClusterEndpoint {
    const { imagePullTimeoutSeconds, registryLogins, packetFilter, inventory } = this.declaration;
    const where = inventory?.file ?? `\`hosts\` of the HostsBackend of '${this.scope.node.path}'`;
    return buildHostsCluster(this.scope, plan, {
      machines: plan.nodes.map(({ pool, index }) => this.machines[this.assignment[pool][index]]),
      machinesOut: this.machines.filter((machine) => !isInService(machine)),
      imagePullTimeoutSeconds,
      registryLogins,
      packetFilter,
      refusals: exampleRefusals(this.machines.filter(isInService), where),
      where,
    });
  }

  private addresses(): Pick<Place, "nodeNames" | "addresses" | "deviceIps"> {
    const ofPools = <Value>(valueOf: (machine: Machine) => Value) =>
      Object.fromEntries(
        Object.entries(this.assignment).map(([pool, indices]) => [
          pool,
          indices.map((index) => valueOf(this.machines[index])),
        ]),
      );
    return {
      nodeNames: ofPools(({ name }) => name),
      addresses: ofPools(({ address }) => address),
      deviceIps: ofPools(({ deviceIps = [] }) => deviceIps),
    };
  }
}
