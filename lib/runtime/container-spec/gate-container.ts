import type { ClusterPlan } from "../../topology/plan/plan";
import { nodeLifeText } from "../node-config/node-life";
import { CONTAINER_PATHS } from "../paths";
import { programFiles } from "../program-files";
import type { ContainerBase } from "./container-spec";
import { workload, workloadText } from "../workload/make-workload";
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

/**
 * The same check that brings the workload in its file to the head first, and waits for the verdict about this one.
 *
 * @param holder file whose first line says who brings it; without one it is the host
 */
export function bringing(check: ContainerBase, holder?: string): ContainerBase {
  const said = holder === undefined ? [] : ["--holder", holder];
  return { ...check, command: [...check.command, "--workload", CONTAINER_PATHS.workload, ...said] };
}

/**
 * The readiness check of a cluster: it brings the workload to the head and waits for the verdict about this one. The head's
 * `node.json` says where the head is. Nothing but this container changes with the workload.
 */
export function gateContainer(plan: ClusterPlan): GateSpec {
  const { image, container, deadlines } = plan;
  const node = { image: image.reference, networkMode: container.networkMode };
  return {
    ...bringing(gateBeside(node, `${plan.name}-gate`), CONTAINER_PATHS.deployer),
    files: [
      ...programFiles(),
      { path: CONTAINER_PATHS.config, content: nodeLifeText(plan, plan.nodes[0]) },
      { path: CONTAINER_PATHS.workload, content: workloadText(workload(plan)) },
    ],
    timeoutSeconds: deadlines.servingSeconds,
  };
}
