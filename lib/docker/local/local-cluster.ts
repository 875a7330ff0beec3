import { Container } from "@cdktf/provider-docker/lib/container";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { Construct } from "constructs";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import { containerSpec } from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { literal } from "../../terraform/encode";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { ContainerFiles } from "../container/container-files";
import { derivedImage } from "../container/derived-image";
import { Gate } from "../container/gate";
import type { LocalSettings } from "./local-rules";
import { addressOf, clusterNetwork } from "./network";
import { type ContainerPlacement, nodeContainerConfig } from "../container/node-container";
import { nodeVolumes, volumeName } from "../container/node-volumes";
import { dockerProvider } from "../container/provider";

/** Only there may anybody reach the API of a cluster on one's own machine. */
const LOOPBACK = "127.0.0.1";

/** Image where it is derived, network, volume, one container per node, and the gate that waits until they serve. */
export function buildLocalCluster(
  scope: Construct,
  plan: ClusterPlan,
  settings: LocalSettings,
): ClusterEndpoint {
  const provider = dockerProvider(scope, settings.dockerHost);
  const image = derivedImage(scope, "image", provider, plan.image);
  const network = clusterNetwork(scope, plan, provider);
  const volume = new Volume(scope, "volume", { provider, name: literal(plan.name, "volume name") });
  const nodes = plan.nodes.map((node) => ({ plan: node, spec: containerSpec(plan, node) }));
  const gateSpec = gateContainer(plan);
  const files = new ContainerFiles(scope, plan.name, [...nodes.map((node) => node.spec), gateSpec]);
  // Every read of an attribute makes a reference anew, which costs; all containers can share these.
  const shared = { network: network.id, privateVolume: volume.name, files };
  const place = (containerName: string, address: string): ContainerPlacement => ({
    ...shared,
    containerName,
    address,
  });

  const containers = nodes.map(
    (node) =>
      new Container(scope, node.plan.name, {
        ...nodeContainerConfig(node.spec, {
          ...place(`${plan.name}-${node.plan.name}`, plannedAddress(node.plan)),
          nodeVolumes: nodeVolumes(scope, plan, node.spec, provider),
        }),
        provider,
        dependsOn: image && [image],
        ports: publishedPorts(node.plan, plan, settings),
      }),
  );
  const gate = new Gate(scope, {
    provider,
    spec: gateSpec,
    placement: place(gateSpec.name, addressOf(plan, "gate")),
    nodes: containers,
  });
  const url = endpointOf(plan, settings);
  return {
    url: gate.whenServing(url),
    reviewUrl: url,
    reviewMounts: [`Docker volume \`${plan.name}\` at \`${CONTAINER_PATHS.volume}\``, ...ownDisks(plan)],
  };
}

/** The API on the Docker host; without one, the address of Ray on the cluster's network. */
function endpointOf(plan: ClusterPlan, settings: LocalSettings): string {
  return plan.engine.api
    ? `http://${LOOPBACK}:${settings.apiPort}`
    : `${plannedAddress(plan.nodes[0])}:${plan.ports.find(({ name }) => name === "gcs")?.from}`;
}

/** As the review says it, for all nodes together. */
function ownDisks(plan: ClusterPlan): readonly string[] {
  return plan.storage
    .filter(({ isShared }) => !isShared)
    .map(
      ({ mountPath }) =>
        `Docker volumes \`${volumeName(plan, "<node>", mountPath)}\`, one for each node, at \`${mountPath}\``,
    );
}

/** Nothing of a cluster is published but the engine's API, from the head. */
function publishedPorts(
  node: NodePlan,
  plan: ClusterPlan,
  settings: LocalSettings,
): { internal: number; external: number; ip: string; protocol: string }[] | undefined {
  const { api } = plan.engine;
  return node.role === "head" && api
    ? [{ internal: api.port, external: settings.apiPort, ip: LOOPBACK, protocol: "tcp" }]
    : undefined;
}

function plannedAddress(node: NodePlan): string {
  if (node.address === undefined) {
    throw new Error(`node ${node.name} has no address: the local backend plans one for every node`);
  }
  return node.address;
}
