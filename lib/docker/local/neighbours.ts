import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { judge } from "../../problems/rule";
import { AppRegistry } from "../../terraform/app-registry";
import { reportProblems } from "../../terraform/app-problems";
import type { LocalSettings } from "./local-rules";
import { NEIGHBOUR_TOPIC } from "./neighbour-rules";

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

const NEIGHBOURS = new AppRegistry<Neighbour>();

/** Reports what a cluster would take of its Docker host although an earlier one of the app has it. */
export function checkNeighbours(
  scope: Construct,
  name: string,
  { dockerHost, subnetCidr, apiPort }: LocalSettings,
): void {
  const stack = TerraformStack.of(scope).node.path;
  const own = { cluster: scope.node.path, stack, dockerHost, subnetCidr, apiPort, name };
  const earlier = NEIGHBOURS.add(scope, own).filter((other) => other.dockerHost === dockerHost);
  reportProblems(scope, judge(NEIGHBOUR_TOPIC, own, earlier));
}
