import { ephemeralPorts, rayPorts } from "../../catalog/ports";
import { type ErrorFinding, errorRule, type Found, warningRule } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import { isPort, isPortRange, type PortRange, rayPortProperties } from "../plan/ports";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule, PlanFacts } from "./rule";

/** Worker processes that Ray may start on a machine whose CPUs are not known at synth. */
const ASSUMED_CPUS = 256;

export const portRules: readonly ClusterRule[] = [
  errorRule("RC030", {
    title: "Every port is a whole number from 1024 to 65535",
    why: "Lower ports need privileges that the containers do not have.",
    check: (_, { ports }) =>
      ports
        .filter(({ port }) => !isPort(port.from) || !isPort(port.to))
        .map(({ port, path }) => ({
          path,
          got: portText(port),
          must: "be a port from 1024 to 65535",
          fix: "choose a free port, or leave it out for the default",
        })),
  }),
  errorRule("RC031", {
    title: "No two services of a node share a port",
    why: "The second one to start fails minutes later, and its error names neither.",
    check: checkOverlaps,
  }),
  errorRule("RC032", {
    title: "The worker range has enough ports",
    why: "Ray does not fail when it runs out of worker ports: tasks hang.",
    check: checkWorkerRange,
  }),
  errorRule("RC033", {
    title: "Only ports of Ray and of the node program are set under 'ports'",
    why: "A mistyped name would be ignored silently.",
    check: (spec) => {
      const known = [...rayPorts().flatMap(({ name }) => rayPortProperties(name)), "offset"];
      return Object.keys(spec.ports)
        .filter((property) => !known.includes(property))
        .map((property) => ({
          path: `ports.${property}`,
          got: show(property),
          must: "be a port of Ray or of the node program",
          fix: didYouMean(property, known, `use one of ${known.join(", ")}`),
        }));
    },
  }),
  warningRule("RC034", {
    title: "Chosen ports lie outside the kernel's ephemeral range",
    why: "An outgoing connection may occupy the port at the moment the service starts.",
    check: (_, { ports }) => {
      const ephemeral = ephemeralPorts();
      return ports
        .filter(({ port, movability }) => movability === 3 && isPortRange(port) && overlap(port, ephemeral))
        .map(({ port, path }) => ({
          path,
          got: portText(port),
          consequence: `lies in the kernel's ephemeral range (${portText(ephemeral)}), so an outgoing connection may occupy it`,
          fix: "choose a lower port, or reserve it with net.ipv4.ip_local_reserved_ports",
        }));
    },
  }),
  warningRule("RC035", {
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
  }),
  errorRule("RC036", {
    title: "A range of ports runs upwards",
    why: "An empty range leaves the service without a port.",
    check: (_, { ports }) =>
      ports
        .filter(({ port }) => isPort(port.from) && isPort(port.to) && !isPortRange(port))
        .map(({ port, path }) => ({
          path,
          got: portText(port),
          must: "run from a lower to a higher port",
          fix: "set both ends of the range",
        })),
  }),
];

function checkOverlaps(_: ClusterSpec, { ports }: PlanFacts): readonly ErrorFinding[] {
  const valid = ports.filter(({ port }) => isPortRange(port) && !port.isPicked);
  return valid.flatMap((one, index) =>
    valid
      .slice(0, index)
      .filter(({ port }) => overlap(one.port, port))
      .map((other) => {
        const [{ port, path }, kept] = one.movability >= other.movability ? [one, other] : [other, one];
        return {
          path,
          got: portText(port),
          must: `not overlap '${kept.port.name}' (${portText(kept.port)}, ${kept.port.purpose})`,
          fix: "choose a port that nothing else on the node uses",
        };
      }),
  );
}

function checkWorkerRange(spec: ClusterSpec, { place, ports }: PlanFacts): Found<ErrorFinding> {
  const workers = ports.find(({ port }) => port.name === "workers")?.port;
  if (!workers || !isPortRange(workers)) {
    return [];
  }
  const accelerators = Math.max(0, ...spec.pools.map((pool) => pool.acceleratorsPerNode));
  // One process per CPU and accelerator, twice: a restarted engine overlaps with the one that dies.
  const needed = 2 * ((place.cpusPerNode ?? ASSUMED_CPUS) + accelerators);
  const size = workers.to - workers.from + 1;
  return (
    size < needed && {
      path: "ports.workersTo",
      got: `${portText(workers)} (${size} ports)`,
      must: `leave at least ${needed} ports from workersFrom on, two for each CPU and accelerator`,
      fix: `use ${workers.from + needed - 1} or higher`,
    }
  );
}

function overlap(a: PortRange, b: PortRange): boolean {
  return a.from <= b.to && b.from <= a.to;
}

function portText(port: PortRange): string {
  return port.from === port.to ? String(port.from) : `${port.from}-${port.to}`;
}
