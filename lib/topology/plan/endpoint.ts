import type { ClusterPlan } from "./plan";

/** The API on the head's address of the cluster network; without one, the address of Ray. */
export function clusterEndpoint(plan: ClusterPlan): string {
  const { address } = plan.nodes[0];
  return plan.engine.api
    ? `${apiScheme(plan)}://${address}:${plan.engine.api.port}`
    : `${address}:${plan.ports.find(({ name }) => name === "gcs")?.from}`;
}

/** How the API is spoken to. */
export function apiScheme({ engine: { api } }: ClusterPlan): "http" | "https" {
  return api?.tls === undefined ? "http" : "https";
}
