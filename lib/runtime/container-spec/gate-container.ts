import type { ClusterPlan } from "../../topology/plan/plan";
import type { ContainerFile, ContainerSpec } from "./container-spec";
import { nodeCommand, programEnvironment } from "./make-container-spec";
import { nodeConfig, nodeConfigText } from "../node-config/make-node-config";
import { CONTAINER_PATHS } from "../paths";
import { programFiles } from "../program-files";

/**
 * The short-lived container that waits until the head says `serving`. It has no devices and joins
 * nothing; a backend puts it on the cluster's network and mounts the private volume.
 */
export interface GateSpec {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: { readonly [name: string]: string };
  readonly files: readonly ContainerFile[];
  readonly networkMode: ContainerSpec["networkMode"];
  /** How long it may run before it says what is missing and ends. */
  readonly timeoutSeconds: number;
}

/** The gate of a cluster. It reads the head's `node.json`: where the head is and what is waited for. */
export function gateContainer(plan: ClusterPlan): GateSpec {
  return {
    name: `${plan.name}-gate`,
    image: plan.image.reference,
    command: nodeCommand("wait"),
    environment: programEnvironment(),
    files: [
      ...programFiles(),
      { path: CONTAINER_PATHS.config, content: nodeConfigText(nodeConfig(plan, plan.nodes[0])) },
    ],
    networkMode: plan.container.networkMode,
    timeoutSeconds: plan.deadlines.servingSeconds,
  };
}
