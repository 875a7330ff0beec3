import { ephemeralPorts, rayPorts, reservedPorts } from "../../catalog/ports";
import type { ErrorFinding, Found } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import type { PortPlan } from "../plan/plan";
import { isPort, isPortRange, portMover, type PortRange, propertyOf } from "../plan/ports";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule, PlanFacts } from "./rule";

/** Worker processes that Ray may start on a machine whose CPUs are not known at synth. */
const ASSUMED_CPUS = 256;

export const portRules: readonly ClusterRule[] = [
  {
    id: "RC030",
    level: "error",
    title: "Every port is a whole number from 1024 to 65535",
    why: "Lower ports need privileges that the containers do not have.",
    check: (spec, { ports }) =>
      ports
        .filter(({ from, to }) => !isPort(from) || !isPort(to))
        .map((port) => ({
          path: portPath(spec, port),
          got: portText(port),
          must: "be a port from 1024 to 65535",
          fix: "choose a free port, or leave it out for the default",
        })),
  },
  {
    id: "RC031",
    level: "error",
    title: "No two services of a node share a port",
    why: "The second one to start fails minutes later, and its error names neither.",
    check: checkOverlaps,
  },
  {
    id: "RC032",
    level: "error",
    title: "The worker range has enough ports",
    why: "Ray does not fail when it runs out of worker ports: tasks hang.",
    check: checkWorkerRange,
  },
  {
    id: "RC033",
    level: "error",
    title: "Only ports of Ray and of the node program are set under 'ports'",
    why: "A mistyped name would be ignored silently.",
    check: (spec) => {
      const known = rayPorts().flatMap(({ name }) => propertiesOf(name));
      return Object.keys(spec.ports)
        .filter((property) => !known.includes(property))
        .map((property) => ({
          path: `ports.${property}`,
          got: show(property),
          must: "be a port of Ray or of the node program",
          fix: didYouMean(property, known, `use one of ${known.join(", ")}`),
        }));
    },
  },
  {
    id: "RC034",
    level: "warning",
    title: "Chosen ports lie outside the kernel's ephemeral range",
    why: "An outgoing connection may occupy the port at the moment the service starts.",
    check: (spec, { ports }) => {
      const ephemeral = ephemeralPorts();
      return ports
        .filter((port) => isChosen(spec, port) && isPortRange(port) && overlap(port, ephemeral))
        .map((port) => ({
          path: portPath(spec, port),
          got: portText(port),
          consequence: `lies in the kernel's ephemeral range (${portText(ephemeral)}), so an outgoing connection may occupy it`,
          fix: "choose a lower port, or reserve it with net.ipv4.ip_local_reserved_ports",
        }));
    },
  },
  {
    id: "RC035",
    level: "warning",
    title: "HCCL's ports are planned",
    why: "With 'auto' the kernel chooses them, so neither a firewall rule nor the overlap check can cover them.",
    check: ({ environment }) =>
      ["HCCL_HOST_SOCKET_PORT_RANGE", "HCCL_NPU_SOCKET_PORT_RANGE"]
        .filter((name) => environment[name] === "auto")
        .map((name) => ({
          path: `environment.${name}`,
          got: show("auto"),
          consequence: "lets the kernel choose ports that no firewall rule and no check can cover",
          fix: "set a range, e.g. '61000-61049'",
        })),
  },
  {
    id: "RC036",
    level: "error",
    title: "A range of ports runs upwards",
    why: "An empty range leaves the service without a port.",
    check: (spec, { ports }) =>
      ports
        .filter((port) => isPort(port.from) && isPort(port.to) && !isPortRange(port))
        .map((port) => ({
          path: portPath(spec, port),
          got: portText(port),
          must: "run from a lower to a higher port",
          fix: "set both ends of the range",
        })),
  },
];

function checkOverlaps(spec: ClusterSpec, { ports }: PlanFacts): readonly ErrorFinding[] {
  const valid = ports.filter(isPortRange);
  return valid.flatMap((port, index) =>
    valid.slice(0, index).flatMap((other) => {
      if (!overlap(port, other)) {
        return [];
      }
      const [blamed, kept] =
        movability(spec, port) >= movability(spec, other) ? [port, other] : [other, port];
      return {
        path: portPath(spec, blamed),
        got: portText(blamed),
        must: `not overlap '${kept.name}' (${portText(kept)}, ${kept.purpose})`,
        fix: "choose a port that nothing else on the node uses",
      };
    }),
  );
}

function checkWorkerRange(spec: ClusterSpec, { place, ports }: PlanFacts): Found<ErrorFinding> {
  const workers = ports.find((port) => port.name === "workers");
  if (!workers || !isPortRange(workers)) {
    return [];
  }
  const accelerators = Math.max(0, ...spec.pools.map((pool) => pool.acceleratorsPerNode));
  // One process per CPU and accelerator, twice: a restarted engine overlaps with the one that dies.
  const needed = 2 * ((place.cpusPerNode ?? ASSUMED_CPUS) + accelerators);
  const size = workers.to - workers.from + 1;
  return size >= needed
    ? []
    : {
        path: "ports.workersTo",
        got: `${portText(workers)} (${size} ports)`,
        must: `leave at least ${needed} ports from workersFrom on, two for each CPU and accelerator`,
        fix: `use ${workers.from + needed - 1} or higher`,
      };
}

/** How easily the user can move a port: of two that overlap, the easier one is reported. */
function movability(spec: ClusterSpec, port: PortPlan): number {
  if (isChosen(spec, port)) {
    return 3;
  }
  if (port.name === "engine" || isEnginePort(spec, port)) {
    return 2;
  }
  return isRayPort(port) ? 1 : 0;
}

/** Whether the user set the port: Ray's defaults and reserved ranges are not theirs. */
function isChosen(spec: ClusterSpec, port: PortPlan): boolean {
  return (
    port.name === "engine" || propertiesOf(port.name).some((property) => spec.ports[property] !== undefined)
  );
}

function portPath(spec: ClusterSpec, port: PortPlan): string {
  if (port.name === "engine") {
    return "engine.port";
  }
  if (isEnginePort(spec, port)) {
    return `engine.ports.${port.name}`;
  }
  const [property] = propertiesOf(port.name);
  const variable = movingVariable(spec, port);
  const reserved = variable === undefined ? `ports (${port.name})` : `environment.${variable}`;
  return isRayPort(port) ? `ports.${property}` : reserved;
}

/** Variable by which the user moved a range that a library takes. */
function movingVariable(spec: ClusterSpec, port: PortPlan): string | undefined {
  const name = port.name.replace(/-\d+$/, "");
  const row = reservedPorts().find((candidate) => candidate.name === name);
  return row && portMover(spec, row)?.variable;
}

function propertiesOf(portName: string): readonly string[] {
  return portName === "workers" ? ["workersFrom", "workersTo"] : [propertyOf(portName)];
}

function isRayPort(port: PortPlan): boolean {
  return rayPorts().some((row) => row.name === port.name);
}

function isEnginePort(spec: ClusterSpec, port: PortPlan): boolean {
  return spec.engine.ports.some((candidate) => candidate.name === port.name);
}

function overlap(a: PortRange, b: PortRange): boolean {
  return a.from <= b.to && b.from <= a.to;
}

function portText(port: PortRange): string {
  return port.from === port.to ? String(port.from) : `${port.from}-${port.to}`;
}
