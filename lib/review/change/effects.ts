import { counted } from "../../problems/text";
import type { ResourceAction } from "./actions";

/** What a change does to a stack, in the words of its lives; the first one is the dearest. */
export interface Effects {
  /** Storage that is deleted or created again. */
  readonly data: readonly string[];
  /** Machines that are replaced. */
  readonly machines: readonly string[];
  /** Containers that restart on their machines. */
  readonly nodes: readonly string[];
  /** Whether the engine restarts. */
  readonly engine: boolean;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Rules of networks and roles that change. */
  readonly reach: readonly string[];
}

type Kind = "data" | "machine" | "node" | "reach";

/** What resources stand for. A machine's template is not replaced, its new version replaces the machines. */
const KINDS: { readonly [type: string]: Kind } = {
  aws_fsx_lustre_file_system: "data",
  aws_efs_file_system: "data",
  docker_volume: "data",
  aws_instance: "machine",
  aws_launch_template: "machine",
  docker_container: "node",
  aws_vpc_security_group_ingress_rule: "reach",
  aws_vpc_security_group_egress_rule: "reach",
  aws_security_group: "reach",
  aws_iam_role: "reach",
  aws_iam_role_policy: "reach",
  aws_iam_role_policy_attachment: "reach",
};

/** The readiness check is a container, and not a node. */
const CHECK = /_gate_[0-9A-F]{8}$/;

/** Volumes with the token and the state of a node, which are made again. */
const PRIVATE = /[-_](state|secrets|volume)_[0-9A-F]{8}$/;

/**
 * @param workloadChanged whether another workload was planned
 * @param booted addresses of machines whose type does not say that they are
 */
export function effectsOf(
  actions: readonly ResourceAction[],
  workloadChanged: boolean,
  booted: ReadonlySet<string>,
): Effects {
  const kindOf = (address: string) => (booted.has(address) ? "machine" : kindByName(address));
  const of = (kind: Kind, ...wanted: readonly ResourceAction["action"][]) =>
    actions
      .filter(({ address, action }) => kindOf(address) === kind && wanted.includes(action))
      .map(({ address }) => address);
  const machines = actions
    .filter(
      ({ address, action }) =>
        kindOf(address) === "machine" &&
        (action === "replace" || (action === "update" && address.startsWith("aws_launch_template."))),
    )
    .map(({ address }) => address);
  const nodes = of("node", "replace");
  const [added, removed] = [
    [...of("machine", "create"), ...of("node", "create")],
    [...of("machine", "delete", "forget"), ...of("node", "delete", "forget")],
  ];
  return {
    data: of("data", "replace", "delete"),
    machines,
    nodes,
    engine: workloadChanged || [machines, nodes, added, removed].some(({ length }) => length > 0),
    added,
    removed,
    reach: of("reach", "create", "update", "replace", "delete"),
  };
}

/** One sentence: what restarts and what is kept. */
export function effectText({ data, machines, nodes, engine, added, removed }: Effects): string {
  const lost = data.length === 0 ? "" : `**DATA IS LOST (${data.join(", ")})**; `;
  const size = [
    ...(added.length === 0 ? [] : [`${added.length} added`]),
    ...(removed.length === 0 ? [] : [`${removed.length} removed`]),
  ];
  const also = size.length === 0 ? "" : `; nodes: ${size.join(", ")}`;
  if (machines.length > 0) {
    return `${lost}**MACHINES ARE REPLACED** (${machines.join(", ")}): released capacity may not be available again${also}`;
  }
  if (nodes.length > 0) {
    return `${lost}containers, Ray and engine restart on ${counted(nodes.length, "node")}; machines kept${also}`;
  }
  if (engine) {
    return `${lost}engine restarts; machines, Ray${data.length === 0 ? " and storage" : ""} kept${also}`;
  }
  return `${lost}nothing that is running is touched`;
}

function kindByName(address: string): Kind | undefined {
  return CHECK.test(address) || PRIVATE.test(address)
    ? undefined
    : (KINDS[address.split(".")[0]] as Kind | undefined);
}
