import { findAccelerator } from "../catalog/accelerators";
import type { FoundValue } from "../catalog/environment";
import type { ListensOn } from "../catalog/ports";
import { findFabric } from "../catalog/fabrics";
import { problemLine } from "../problems/plan-error";
import type { Problem } from "../problems/problem";
import { counted } from "../problems/text";
import type { ClusterPlan, NodePlan, PortPlan } from "../topology/plan/plan";
import { containerSection } from "./container-section";
import { engineLines, engineSummary } from "./engine";
import { imageLines } from "./image";
import { engineKind } from "../topology/engine-spec";
import { modelSection } from "./model-section";
import type { PlaceFacts } from "./place-facts";
import { preflightSection } from "./preflight-section";
import { code, table } from "./table";

/** What a place adds to the review. */
export interface PlaceReview {
  /** Where users reach the engine's API, e.g. `http://127.0.0.1:8000`. @default - the review names only the port */
  readonly reviewUrl?: string;
  /** What the place mounts into every container, one line each: volumes, shared storage. @default - nothing */
  readonly reviewMounts?: readonly string[];
  /** Node, machine, and how it is reached, of machines that exist already. @default - the place creates the machines */
  readonly reviewMachines?: readonly (readonly string[])[];
  /** Machines that the place creates, and their cost, as lines of Markdown. @default - there are none */
  readonly reviewNewMachines?: readonly string[];
  /** What else a person must know of the place. @default - it is shown as unknown */
  readonly reviewFacts?: PlaceFacts;
  /** Where the Ray token comes from and where it is kept. @default - the head creates it on its private volume */
  readonly reviewToken?: string;
}

const TOKEN_OF_HEAD = "created on the head's machine, in a file of mode 0600 on the cluster's private volume";

/**
 * The review as one page of Markdown. The same plan gives the same text.
 *
 * @param backend name of the place: `local`, `hosts`, `aws`
 */
export function reviewMarkdown(plan: ClusterPlan, backend: string, place: PlaceReview = {}): string {
  const sections = [
    header(plan, backend, place),
    section("Nodes", nodes(plan)),
    ...optionalSection("Machines", machines(place)),
    section("Accelerators", accelerators(plan)),
    section("Ports", ports(plan, place)),
    section("Environment", environment(plan)),
    section("Container", containerSection(plan, place.reviewMounts)),
    ...optionalSection("Model and storage", modelSection(plan)),
    section("Image and versions", image(plan, place)),
    ...optionalSection("Before the engine starts", preflightSection(plan)),
    section("Engine", engineLines(plan)),
    section("Deadlines and retries", deadlines(plan)),
    section("Warnings", warnings(plan)),
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return [`## ${title}`, "", ...lines];
}

function machines({ reviewMachines: rows = [], reviewNewMachines = [] }: PlaceReview): readonly string[] {
  return rows.length === 0 ? reviewNewMachines : table(["node", "machine", "Docker engine"], rows, "");
}

function optionalSection(title: string, lines: readonly string[]): readonly (readonly string[])[] {
  return lines.length === 0 ? [] : [section(title, lines)];
}

function header(plan: ClusterPlan, backend: string, { reviewUrl }: PlaceReview): readonly string[] {
  const accelerated = plan.nodes.filter((node) => node.acceleratorCount > 0);
  const total = accelerated.reduce((sum, node) => sum + node.acceleratorCount, 0);
  const fabric = findFabric(plan.fabric)?.title ?? plan.fabric;
  return [
    `# Review of cluster ${code(plan.name)}`,
    "",
    `${counted(plan.nodes.length, "node")} with ${counted(total, "accelerator")} on the backend ${code(backend)}, ` +
      `network ${code(plan.subnetCidr)}, fabric ${fabric}.`,
    engineSummary(plan, reviewUrl),
  ];
}

function nodes(plan: ClusterPlan): readonly string[] {
  const atBoot = plan.pools.flatMap(({ name }) => nodesAtBoot(plan, name));
  const rows = plan.nodes.flatMap((node) =>
    node.address === undefined ? [] : [nodeRow(node.name, node, node.address)],
  );
  return table(["node", "role", "address", "accelerators"], [...rows, ...atBoot], "No nodes.");
}

/** Nodes of a pool that get their addresses at boot share one row. */
function nodesAtBoot({ nodes: all }: ClusterPlan, pool: string): readonly (readonly string[])[] {
  const alike = all.filter((node) => node.pool === pool && node.address === undefined);
  const [first, last] = [alike[0] as NodePlan | undefined, alike.at(-1)];
  if (first === undefined || last === undefined) {
    return [];
  }
  const names = first === last ? first.name : `${first.name} to ${last.name}`;
  return [nodeRow(names, first, "assigned at boot")];
}

function nodeRow(names: string, node: NodePlan, address: string): readonly string[] {
  const chosen = node.devices === undefined ? "" : ` (devices ${node.devices.join(", ")})`;
  return [names, node.role, address, `${node.acceleratorCount}${chosen}`];
}

function accelerators(plan: ClusterPlan): readonly string[] {
  const pools = plan.pools.map((pool) => ({ pool, facts: findAccelerator(pool.accelerator) }));
  return table(
    ["pool", "accelerator", "per node", "memory each", "Ray resource", "collectives"],
    pools.map(({ pool, facts }) => [
      pool.name,
      facts?.title ?? "none",
      String(pool.acceleratorsPerNode),
      facts ? (facts.emulated ? "none (emulated)" : `${facts.memoryGiB} GiB`) : "-",
      pool.rayResource ?? "-",
      facts?.collective.toUpperCase() ?? "-",
    ]),
    "No pools.",
  );
}

function ports(plan: ClusterPlan, { reviewFacts }: PlaceReview): readonly string[] {
  const clients = reviewFacts?.reach.clients;
  const users = clients === undefined ? "users and the cluster" : ["the cluster", ...clients].join(", ");
  const row = (port: PortPlan) => [
    port.from === port.to ? String(port.from) : `${port.from}-${port.to}`,
    port.name,
    port.where === "head" ? "head" : "every node",
    LISTENING[port.listensOn ?? "all"],
    reach(port, plan.closedBy !== undefined, users),
    ...(plan.internodeTls ? [port.hasTls === true ? "TLS" : "unencrypted"] : []),
    port.purpose,
  ];
  const transport = plan.internodeTls ? ["between nodes"] : [];
  const head = ["port", "name", "on", "listens on", "reachable by", ...transport, "purpose"];
  const sorted = [...plan.ports].sort((a, b) => a.from - b.from || (a.name < b.name ? -1 : 1));
  return [
    `Access is restricted by: ${plan.closedBy ?? "**nothing that is declared**"}.`,
    "",
    ...table(head, sorted.map(row), "No ports."),
  ];
}

const LISTENING: { readonly [on in ListensOn]: string } = {
  all: "all addresses",
  node: "the node's address",
  loopback: "loopback",
};

function reach({ listensOn, reachableBy }: PortPlan, isClosed: boolean, users: string): string {
  if (listensOn === "loopback") {
    return "this machine only";
  }
  if (reachableBy === "user") {
    return users;
  }
  return isClosed ? "the cluster only" : "**whoever reaches the machine**";
}

const FOUND_VALUES: { readonly [source in FoundValue]: string } = {
  address: "the node's address",
  interface: "the interface with the node's address",
  "exact-interface": "`=` and the interface with the node's address",
  "visible-devices": "the numbers of the node's planned accelerators",
  "rdma-devices": "the RDMA ports that are active on the node",
  "rdma-gid-index": "the RoCE v2 GID of the node's ports",
};

function environment(plan: ClusterPlan): readonly string[] {
  const { cluster, node, driver } = plan.environment;
  const values = (scope: string, record: { readonly [name: string]: string }) =>
    Object.entries(record).map(([name, value]) => [scope, code(name), code(value)]);
  const found = Object.entries(node).map(([name, source]) => ["node", code(name), FOUND_VALUES[source]]);
  const own = plan.nodes.flatMap((each) => values(each.name, each.environment ?? {}));
  return table(
    ["scope", "variable", "value"],
    [...values("cluster", cluster), ...found, ...own, ...values("driver", driver)],
    "None.",
  );
}

function image(plan: ClusterPlan, { reviewToken = TOKEN_OF_HEAD }: PlaceReview): readonly string[] {
  const authentication =
    plan.ray.authentication === "token"
      ? `token, ${reviewToken}`
      : "**no authentication**: anyone who reaches the cluster's ports can run code on it" +
        `; accepted because: ${plan.ray.unauthenticatedBecause}`;
  return [
    ...imageLines(plan.image),
    `- Ray: ${plan.ray.version}`,
    `- Python: ${plan.image.pythonVersion ?? "not stated"}`,
    `- authentication: ${authentication}`,
    `- encryption: ${encryption(plan)}`,
    `- CPUs per node: ${plan.ray.cpusPerNode ?? "what Ray detects"}`,
    `- object store per node: ${plan.ray.objectStoreMiB === undefined ? "Ray's default" : `${plan.ray.objectStoreMiB} MiB`}`,
  ];
}

function encryption({ internodeTls }: ClusterPlan): string {
  return internodeTls
    ? "TLS between the nodes, with certificates on both sides, for Ray's gRPC (its token, tasks, objects), reports and model files; " +
        "what engines send with NCCL, HCCL, Gloo or their own sockets, and Ray's HTTP (metrics, agents), travel unencrypted"
    : "none between the nodes; reports, files and Ray's token travel unencrypted";
}

function deadlines(plan: ClusterPlan): readonly string[] {
  const { deadlines: seconds, retries } = plan;
  const kind = engineKind(plan.engine);
  return table(
    ["what", "at most"],
    [
      ["worker: the head is up", `${seconds.headSeconds} s`],
      ["head: all nodes are members", `${seconds.membershipSeconds} s`],
      ["membership held before the engine starts", `${seconds.holdSeconds} s`],
      ...(seconds.stagingSeconds === 0 ? [] : [["model on all nodes", `${seconds.stagingSeconds} s`]]),
      ...(kind === "none"
        ? []
        : [
            [
              kind === "job" ? "start of the job" : "engine start to health probe",
              `${seconds.engineSeconds} s`,
            ],
          ]),
      ...(kind === "serve" ? [["one completion", `${seconds.completionSeconds} s`]] : []),
      ["stop of a node", `${seconds.stopSeconds} s`],
      [
        kind === "serve" ? "deployment to serving" : "deployment until it runs",
        `${seconds.servingSeconds} s`,
      ],
      ["failed engine starts in a row", String(retries.engineStarts)],
    ],
    "None.",
  );
}

function warnings(plan: ClusterPlan): readonly string[] {
  return plan.warnings.length === 0
    ? ["None."]
    : plan.warnings.flatMap((warning) => [`- ${problemLine(warning).trim()}`, ...choices(warning)]);
}

/** What can be declared instead, as a table within the item of its warning. */
function choices({ choices: given }: Problem): readonly string[] {
  return given === undefined ? [] : ["", ...table(given.head, given.rows, "").map((line) => `  ${line}`), ""];
}

/** Devices of all kinds of containers: pools differ only in how many they map. */
