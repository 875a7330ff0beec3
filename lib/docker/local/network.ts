import { Network } from "@cdktf/provider-docker/lib/network";
import type { TerraformProvider } from "cdktf";
import type { Construct } from "constructs";
import type { ClusterPlan } from "../../topology/plan/plan";
import { literal } from "../../terraform/encode";
import { addressText, parseSubnet } from "../../topology/plan/addressing";

/** Hosts of the subnet that are not nodes; the nodes begin at the tenth. */
const HOSTS = { gateway: 1, gate: 2 };

/**
 * The bridge network of one cluster, with the planned subnet, which fixed addresses require. The gateway is Docker's
 * default, but must be given: it is read back after the daemon's next start, and a network that differs is replaced with
 * everything on it.
 */
export function clusterNetwork(scope: Construct, plan: ClusterPlan, provider: TerraformProvider): Network {
  return new Network(scope, "network", {
    provider,
    name: literal(plan.name, "network name"),
    driver: "bridge",
    ipamConfig: [{ subnet: literal(plan.subnetCidr, "subnet"), gateway: addressOf(plan, "gateway") }],
  });
}

/** Address of a host in the cluster's subnet that is not a node. */
export function addressOf(plan: ClusterPlan, host: keyof typeof HOSTS): string {
  const subnet = parseSubnet(plan.subnetCidr);
  if (subnet === undefined) {
    throw new Error(
      `'${plan.subnetCidr}' is not an IPv4 network. This is a bug in cdktf-ray-cluster; please report it.`,
    );
  }
  return addressText(subnet.network + HOSTS[host]);
}
