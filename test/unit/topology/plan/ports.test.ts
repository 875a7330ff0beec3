import * as fc from "fast-check";
import { findAccelerator } from "../../../../lib/catalog/accelerators";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import type { RayPorts } from "../../../../lib/topology/declaration/cluster-props";
import type { PortPlan } from "../../../../lib/topology/plan/plan";
import { planOrProblems, randomTopologies } from "../../../support/random-topologies";
import { declaredPorts, parsePortRanges } from "../../../../lib/topology/plan/ports";
import { normalise } from "../../../../lib/topology/plan/spec";
import { engine } from "../../../support/engines";
import { emulatedProps } from "../../../support/clusters";

const portsOf = (change: Parameters<typeof emulatedProps>[0]) =>
  declaredPorts(normalise(emulatedProps(change))).map(({ port }) => port);
const named = (ports: readonly PortPlan[], name: string) => {
  const port = ports.find((candidate) => candidate.name === name);
  return port && [port.from, port.to];
};

describe("planPorts", () => {
  test("reserves HCCL's ports on Ascend only", () => {
    const gpu = [{ name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU }];
    expect(portsOf({}).map((port) => port.name)).toEqual([
      ...["node-files", "node-report", "gcs", "node-manager", "object-manager", "runtime-env-agent"],
      ...["dashboard-agent-grpc", "dashboard-agent-listen", "metrics-export", "autoscaler-metrics"],
      ...["dashboard-metrics", "dashboard", "client", "workers", "engine", "hccl-npu", "hccl-host"],
    ]);
    expect(portsOf({ pools: gpu }).filter((port) => port.name.startsWith("hccl"))).toEqual([]);
  });

  test("makes only the engine's port reachable for users", () => {
    expect(portsOf({}).filter((port) => port.reachableBy === "user")).toEqual([
      {
        name: "engine",
        from: 8000,
        to: 8000,
        where: "head",
        listensOn: "all",
        reachableBy: "user",
        purpose: "API of the engine 'emulated'",
      },
    ]);
  });

  test("moves HCCL's ranges to those of its variables", () => {
    expect(named(portsOf({ environment: { HCCL_IF_BASE_PORT: "23456" } }), "hccl-host")).toEqual([
      23456, 23487,
    ]);
    const ranges = portsOf({ environment: { HCCL_NPU_SOCKET_PORT_RANGE: "61000-61010,61020" } });
    expect(named(ranges, "hccl-npu")).toEqual([61000, 61010]);
    expect(named(ranges, "hccl-npu-2")).toEqual([61020, 61020]);
    const both = { HCCL_HOST_SOCKET_PORT_RANGE: "61100-61149", HCCL_IF_BASE_PORT: "23456" };
    expect(portsOf({ environment: both }).filter((port) => port.name.startsWith("hccl-host"))).toMatchObject([
      { name: "hccl-host", from: 61100, to: 61149 },
    ]);
    expect(
      named(portsOf({ environment: { HCCL_NPU_SOCKET_PORT_RANGE: "auto" } }), "hccl-npu"),
    ).toBeUndefined();
  });

  test.each([
    [8, [20000, 27999]],
    [16, [20000, 35999]],
  ])("reserves a thousand ports per NPU for Mooncake on %d NPUs", (acceleratorsPerNode, range) => {
    const ports = portsOf({
      engine: engine({ argv: ["vllm", "serve", '{"kv_connector":"MooncakeConnectorV1"}'] }),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode }],
    });
    expect(named(ports, "mooncake")).toEqual(range);
    expect(named(portsOf({}), "mooncake")).toBeUndefined();
  });

  test("reserves the sessions of Ray Client where they listen on all addresses, which older Ray does", () => {
    const older = ContainerImage.of("ray:2.47.1", { rayVersion: "2.47.1" });
    expect(named(portsOf({ image: older }), "client-sessions")).toEqual([23000, 23999]);
    expect(named(portsOf({}), "client-sessions")).toBeUndefined();
  });

  test("adds the offset to every default, and to no port that is set", () => {
    const defaults = portsOf({});
    const planned = portsOf({ ports: { offset: 1000, gcs: 7001 } });
    for (const [index, { name, from, to }] of planned.entries()) {
      const before = defaults[index];
      const added = index >= 14 ? 0 : 1000;
      expect([name, from, to]).toEqual(
        name === "gcs" ? ["gcs", 7001, 7001] : [before.name, before.from + added, before.to + added],
      );
    }
  });

  test("applies every override to its port", () => {
    const ports: RayPorts = {
      gcs: 7001,
      nodeManager: 7002,
      objectManager: 7003,
      runtimeEnvAgent: 7004,
      dashboardAgentGrpc: 7005,
      dashboardAgentListen: 7006,
      metricsExport: 7007,
      autoscalerMetrics: 7008,
      dashboardMetrics: 7011,
      dashboard: 7012,
      client: 7013,
      workersFrom: 7100,
      workersTo: 7999,
      nodeReport: 7009,
      nodeFiles: 7010,
    };
    const planned = portsOf({ ports });
    expect(planned.slice(0, 14).map(({ from, to }) => [from, to])).toEqual([
      [7010, 7010],
      [7009, 7009],
      ...[7001, 7002, 7003, 7004, 7005, 7006, 7007, 7008, 7011, 7012, 7013].map((port) => [port, port]),
      [7100, 7999],
    ]);
  });
});

test.each([
  ["16666", [{ from: 16666, to: 16666 }]],
  [
    "60000-60049, 60050",
    [
      { from: 60000, to: 60049 },
      { from: 60050, to: 60050 },
    ],
  ],
  ["auto", undefined],
  ["100-50", undefined],
  ["80", undefined],
  ["60000-70000", undefined],
  ["1-2-3", undefined],
  ["", undefined],
])("parsePortRanges reads '%s'", (text, expected) => {
  expect(parsePortRanges(text)).toEqual(expected);
});

describe("random topologies", () => {
  test("are planned with one service per port, or refused for their ports", () => {
    let planned = 0;
    let refused = 0;
    fc.assert(
      fc.property(randomTopologies, (shape) => {
        const result = planOrProblems(shape);
        if (!("ports" in result)) {
          refused += 1;
          return result.every(({ rule }) => ["RC030", "RC031", "RC032", "RC036"].includes(rule));
        }
        planned += 1;
        return everyPortOnce(result.ports);
      }),
      { numRuns: 500, seed: 20261121 },
    );
    // Both sides of the property were exercised.
    expect(Math.min(planned, refused)).toBeGreaterThan(50);
  });

  test("have no overlap of default ports with any accelerator of the catalogue", () => {
    for (const accelerator of Object.values(Accelerator).filter(
      (value): value is Accelerator => value instanceof Accelerator,
    )) {
      const facts = findAccelerator(accelerator.id);
      const pools = [{ name: "p", nodes: 2, accelerator, acceleratorsPerNode: facts?.maximumPerNode }];
      const spec = normalise(emulatedProps({ pools }));
      expect(everyPortOnce(declaredPorts(spec).map(({ port }) => port))).toBe(true);
    }
  });

  function everyPortOnce(ports: readonly PortPlan[]): boolean {
    const owner = new Map<number, string>();
    return ports.every((range) => {
      for (let number = range.from; number <= range.to; number += 1) {
        if (owner.has(number)) {
          return false;
        }
        owner.set(number, range.name);
      }
      return range.from >= 1024 && range.to <= 65535 && range.from <= range.to;
    });
  }
});
