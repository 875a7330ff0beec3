import { execFileSync } from "node:child_process";
import { join } from "node:path";
import * as fc from "fast-check";
import { nodeConfig } from "../../../lib/runtime/node-config/node-config";
import type { ClusterPlan, NodePlan } from "../../../lib/topology/plan/plan";
import { planOrProblems, randomTopologies } from "../../support/random-topologies";

/** Reads `node.json`s, one a line, and prints the argv of each node's `ray start`. */
const PROGRAM = `
import json, sys
from ray_node.config import load as config; from ray_node.cluster import ray_process
from ray_node.cluster.devices import Devices
for line in sys.stdin:
    node = config.parse(json.loads(line))
    planned = node.node.accelerators
    devices = Devices(planned.planned, planned.planned, planned.resource)
    print(json.dumps(ray_process.argv(node, node.node.name, node.node.address, devices)))
`;

/** What the node program makes of the configurations of these nodes. */
function startLines(nodes: readonly { plan: ClusterPlan; node: NodePlan }[]): string[][] {
  const input = nodes.map(({ plan, node }) => JSON.stringify(nodeConfig(plan, node))).join("\n");
  const env = { ...process.env, PYTHONPATH: join(__dirname, "../../../lib/runtime") };
  const output = execFileSync("python3", ["-c", PROGRAM], { input, env, encoding: "utf8" });
  return output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** Every port of a start line with the flag that holds it. */
function portsOf(line: readonly string[]): [string, number][] {
  return line.flatMap((word): [string, number][] => {
    const match = /^(--[a-z-]*port)=(\d+)$/.exec(word) ?? /^(--address)=[\d.]+:(\d+)$/.exec(word);
    return match ? [[match[1], Number(match[2])]] : [];
  });
}

test("every port of a start line is in exactly one planned range of its service", () => {
  const plans = fc
    .sample(randomTopologies, { numRuns: 500, seed: 20261121 })
    .map(planOrProblems)
    .filter((plan): plan is ClusterPlan => "ports" in plan);
  expect(plans.length).toBeGreaterThan(30);
  // The head, and one worker where there is one: workers differ by their address alone.
  const nodes = plans.flatMap((plan) => plan.nodes.slice(0, 2).map((node) => ({ plan, node })));
  const lines = startLines(nodes);
  expect(lines).toHaveLength(nodes.length);
  lines.forEach((line, index) => {
    const { plan, node } = nodes[index];
    const ports = portsOf(line);
    expect(ports.map(([flag]) => flag)).toEqual([
      ...["--node-manager-port", "--object-manager-port", "--runtime-env-agent-port"],
      ...["--dashboard-agent-grpc-port", "--dashboard-agent-listen-port", "--metrics-export-port"],
      ...["--min-worker-port", "--max-worker-port"],
      ...(node.role === "head" ? ["--port", "--dashboard-port"] : ["--address"]),
    ]);
    for (const [flag, port] of ports) {
      const ranges = plan.ports.filter(({ from, to }) => from <= port && port <= to);
      expect([flag, ranges.map(({ name }) => name)]).toEqual([flag, [SERVICES[flag]]]);
    }
  });
});

const SERVICES: { readonly [flag: string]: string } = {
  "--port": "gcs",
  "--address": "gcs",
  "--dashboard-port": "dashboard",
  "--node-manager-port": "node-manager",
  "--object-manager-port": "object-manager",
  "--runtime-env-agent-port": "runtime-env-agent",
  "--dashboard-agent-grpc-port": "dashboard-agent-grpc",
  "--dashboard-agent-listen-port": "dashboard-agent-listen",
  "--metrics-export-port": "metrics-export",
  "--min-worker-port": "workers",
  "--max-worker-port": "workers",
};
