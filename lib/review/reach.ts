import type { ClusterPlan, PortPlan } from "../topology/plan/plan";
import type { PlaceFacts } from "./place-facts";

/** Sockets of one kind, who reaches them, and what holds everybody else. */
export interface SocketReview {
  readonly what: "API" | "Ray and the engine's own ports";
  /** `8000`, `6379-6382`. */
  readonly ports: readonly string[];
  readonly from: readonly string[];
  /** `null`: nothing: whoever reaches the machine reaches it. */
  readonly heldBy: string | null;
  /** What a caller must have. */
  readonly authentication: string;
}

/** One row for the API, one for what only the cluster needs. */
export function sockets(plan: ClusterPlan, { reach }: PlaceFacts): readonly SocketReview[] {
  const { api } = plan.engine;
  const own = plan.ports.filter(({ reachableBy }) => reachableBy === "cluster");
  return [
    ...(api === undefined
      ? []
      : [
          {
            what: "API" as const,
            ports: [String(api.port)],
            from: reach.clients,
            heldBy: reach.apiHeldBy ?? null,
            authentication: [
              api.apiKeyFile === undefined ? "**no API key**" : "API key",
              api.tls === undefined ? "plain HTTP" : "TLS",
            ].join(", "),
          },
        ]),
    {
      what: "Ray and the engine's own ports",
      ports: own.map(shown),
      from: ["this cluster's nodes"],
      heldBy: reach.clusterHeldBy ?? null,
      authentication: [
        plan.ray.authentication === "token" ? "token for Ray, none for the rest" : "**no authentication**",
        plan.internodeTls ? "TLS except for collectives and Ray's HTTP" : "unencrypted",
      ].join(", "),
    },
  ];
}

/** One sentence for the first screen. */
export function socketText({ what, ports, from, heldBy, authentication }: SocketReview): string {
  const where = what === "API" ? `API :${ports.join(", ")}` : "Ray";
  const who =
    heldBy === null
      ? "**anyone who can reach the machines**"
      : from.length === 0
        ? "nobody outside"
        : from.join(", ");
  return `${where} from ${who} (${heldBy === null ? "enforced by **nothing: restrict it yourself**" : `enforced by ${heldBy}`}; ${authentication})`;
}

function shown({ from, to }: PortPlan): string {
  return from === to ? String(from) : `${from}-${to}`;
}
