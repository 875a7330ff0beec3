import type { ClusterPlan } from "../../topology/plan/plan";
import { nodeConfig, nodeConfigText } from "../node-config/node-config";
import { CONTAINER_PATHS } from "../paths";
import { programFiles } from "../program-files";
import type { ContainerBase } from "./container-spec";
import { nodeCommand, programEnvironment } from "./make-container-spec";

/** The readiness check as a container. It has no devices, and the place mounts the node's private volume. */
export interface GateSpec extends ContainerBase {
  /** How long it waits before it names what is missing and fails. */
  readonly timeoutSeconds: number;
}

/** Runs the readiness check beside a node, with the files that the place mounts. */
export function gateBeside(node: Pick<ContainerBase, "image" | "networkMode">, name: string): ContainerBase {
  return {
    name,
    image: node.image,
    command: nodeCommand("wait"),
    environment: programEnvironment(),
    files: [],
    networkMode: node.networkMode,
  };
}

/** The readiness check of a cluster. It reads the head's `node.json`: where the head is, and what to wait for. */
export function gateContainer(plan: ClusterPlan): GateSpec {
  const { image, container, deadlines } = plan;
  const config = nodeConfigText(nodeConfig(plan, plan.nodes[0]));
  return {
    ...gateBeside({ image: image.reference, networkMode: container.networkMode }, `${plan.name}-gate`),
    files: [...programFiles(), { path: CONTAINER_PATHS.config, content: config }],
    timeoutSeconds: deadlines.servingSeconds,
  };
}
