import { Network } from "@cdktf/provider-docker/lib/network";
import type { TerraformProvider } from "cdktf";
import type { Construct } from "constructs";
import type { ClusterPlan } from "../../topology/plan/plan";
import { literal } from "../../terraform/encode";
import { addressText, parseSubnet } from "../../topology/plan/addressing";

/** What our own containers and the bridge take of a cluster's subnet; the nodes begin at the tenth host. */
const HOSTS = { gateway: 1, gate: 2 };

/**
 * The bridge network of one cluster, with the planned subnet: fixed addresses need one that is given.
 * So is the gateway, although Docker would take the same: it says so only after the daemon's next
 * start, and a network that differs is replaced with everything on it.
 */
export function clusterNetwork(scope: Construct, plan: ClusterPlan, provider: TerraformProvider): Network {
  return new Network(scope, "network", {
    provider,
    name: literal(plan.name, "network name"),
    driver: "bridge",
    ipamConfig: [{ subnet: literal(plan.subnetCidr, "subnet"), gateway: addressOf(plan, "gateway") }],
  });
}

/** Address of something in the cluster's subnet that is no node. */
export function addressOf(plan: ClusterPlan, host: keyof typeof HOSTS): string {
  const subnet = parseSubnet(plan.subnetCidr);
  if (subnet === undefined) {
    throw new Error(`'${plan.subnetCidr}' is no IPv4 network; a checked plan has one`);
  }
  return addressText(subnet.network + HOSTS[host]);
}
