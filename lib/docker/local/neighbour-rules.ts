import { errorRule, type Rule, type Topic, warningRule } from "../../problems/rule";
import { show } from "../../problems/text";
import { parseSubnet } from "../../topology/plan/addressing";
import { type Clash, oneAtATime, refused } from "../clash";

/** What a local cluster takes of a Docker host for itself. */
export interface Neighbour {
  /** Path of the cluster in the app. */
  readonly cluster: string;
  /** Path of its stack. */
  readonly stack: string;
  /** URL of the Docker daemon. @default - that of the environment */
  readonly dockerHost?: string;
  readonly subnetCidr: string;
  readonly apiPort: number;
  /** Prefix of its containers, its network and its volumes. */
  readonly name: string;
}

function clashes(own: Neighbour, other: Neighbour): readonly Clash[] {
  const found = (isTaken: boolean, path: string, got: string | number, fix: string): readonly Clash[] =>
    isTaken ? [{ path, got: show(got), other: other.cluster, fix }] : [];
  return [
    ...found(
      overlap(own.subnetCidr, other.subnetCidr),
      "backend.subnetCidr",
      own.subnetCidr,
      "give each LocalBackend a subnetCidr of its own, e.g. '10.89.29.0/24'",
    ),
    ...found(
      own.apiPort === other.apiPort,
      "backend.apiPort",
      own.apiPort,
      `give each LocalBackend an apiPort of its own, e.g. ${own.apiPort + 1}`,
    ),
    ...found(own.name === other.name, "name", own.name, "rename one of the two clusters"),
  ];
}

/** Networks that cannot be read are reported elsewhere. */
function overlap(one: string, other: string): boolean {
  const [a, b] = [parseSubnet(one), parseSubnet(other)];
  return a !== undefined && b !== undefined && a.network <= b.broadcast && b.network <= a.broadcast;
}

const rules: readonly Rule<Neighbour, readonly Neighbour[]>[] = [
  errorRule("RC203", {
    title: "Two local clusters of a stack have different networks, API ports and names",
    why: "Docker refuses the second one, when the first one serves already.",
    check: (own, earlier) =>
      earlier
        .filter(({ stack }) => stack === own.stack)
        .flatMap((one) => clashes(own, one))
        .map((clash) => refused(clash, "not be that")),
  }),
  warningRule("RC204", {
    title: "Local clusters of different stacks have different networks, API ports and names",
    why: "Only one of two such stacks can be deployed at a time, which may be what is meant.",
    check: (own, earlier) =>
      earlier
        .filter(({ stack }) => stack !== own.stack)
        .flatMap((one) => clashes(own, one))
        .map(oneAtATime),
  }),
];

/** Rules of local clusters of one app on the same Docker host. */
export const NEIGHBOUR_TOPIC: Topic<Neighbour, readonly Neighbour[]> = {
  title: "Local clusters of one app",
  rules,
};
