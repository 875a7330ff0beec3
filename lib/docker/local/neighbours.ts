import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { judge } from "../../problems/rule";
import { AppRegistry } from "../../terraform/app-registry";
import { reportProblems } from "../../terraform/app-problems";
import { hostOf } from "../container/provider";
import type { LocalSettings } from "./local-rules";
import { type Neighbour, NEIGHBOUR_TOPIC } from "./neighbour-rules";

const NEIGHBOURS = new AppRegistry<Neighbour>();

/** Reports what a cluster would take of its Docker host although an earlier one of the app has it. */
export function checkNeighbours(
  scope: Construct,
  name: string,
  { provider, dockerHost = hostOf(provider), subnetCidr, apiPort }: LocalSettings,
): void {
  const stack = TerraformStack.of(scope).node.path;
  const own = { cluster: scope.node.path, stack, dockerHost, subnetCidr, apiPort, name };
  const earlier = NEIGHBOURS.add(scope, own).filter((other) => other.dockerHost === dockerHost);
  reportProblems(scope, judge(NEIGHBOUR_TOPIC, own, earlier));
}
