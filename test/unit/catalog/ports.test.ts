import { ephemeralPorts, rayPorts, reservedPorts } from "../../../lib/catalog/ports";
import { findVariable } from "../../../lib/catalog/environment";

test("rayPorts pins every service of Ray, with Ray's own default", () => {
  expect(rayPorts().map(({ name, from, rayDefault }) => [name, from, rayDefault])).toEqual([
    ["node-files", 6377, null],
    ["node-report", 6378, null],
    ["gcs", 6379, "6379"],
    ["node-manager", 6380, "random"],
    ["object-manager", 6381, "random"],
    ["runtime-env-agent", 6382, "random"],
    ["dashboard-agent-grpc", 6383, "random"],
    ["dashboard-agent-listen", 6384, "52365"],
    ["metrics-export", 6385, "random"],
    ["autoscaler-metrics", 6386, "44217"],
    ["dashboard-metrics", 6387, "44227"],
    ["dashboard", 8265, "8265"],
    ["client", 10001, "10001"],
    ["workers", 10002, "10002-19999"],
  ]);
});

test("rayPorts has a flag of ray start or a variable for all but the node program's own ports", () => {
  const own = rayPorts().filter(({ flag, variable }) => flag === null && variable === null);
  expect(own.map(({ name }) => name)).toEqual(["node-files", "node-report"]);
});

test("rayPorts neither overlap nor use ephemeral ports", () => {
  const sorted = [...rayPorts()].sort((a, b) => a.from - b.from);
  for (const [index, port] of sorted.entries()) {
    expect(port.from).toBeLessThanOrEqual(port.to);
    expect(port.from).toBeGreaterThan(sorted[index - 1]?.to ?? 1023);
    expect(port.to).toBeLessThan(ephemeralPorts().from);
  }
});

test("reservedPorts can be moved only by cluster-scoped variables without an owner", () => {
  expect(reservedPorts().map(({ name, from, to }) => [name, from, to])).toEqual([
    ["hccl-npu", 16666, 16666],
    ["hccl-host", 60000, 60031],
    ["mooncake", 20000, 20000],
    ["client-sessions", 23000, 23999],
  ]);
  for (const { variable } of reservedPorts().flatMap((row) => row.movedBy)) {
    expect(findVariable(variable)).toMatchObject({ scope: "cluster", owner: null });
  }
});
