import { Container } from "@cdktf/provider-docker/lib/container";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { Construct } from "constructs";
import type { MountOption } from "../../runtime/container-spec/container-options";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import {
  containerSpec,
  gateSecretMounts,
  withoutWorkload,
} from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { writeAccessFile } from "../../terraform/cluster-access";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { literal } from "../../terraform/encode";
import { apiScheme } from "../../topology/plan/endpoint";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { AfterImages } from "../container/after-images";
import { ContainerFiles } from "../container/container-files";
import { derivedImage } from "../container/derived-image";
import { Gate } from "../container/gate";
import {
  type ContainerPlacement,
  folderMount,
  nodeContainerConfig,
  privateVolume,
} from "../container/node-container";
import { nodeVolumes, volumeName } from "../container/node-volumes";
import { dockerProvider, givenProvider, hostOf } from "../container/provider";
import type { LocalSettings } from "./local-rules";
import { addressOf, clusterNetwork } from "./network";
import { localPlaceFacts } from "./place-facts";

/** The API of a cluster on one's own machine is reachable only there. */
const LOOPBACK = "127.0.0.1";

/** Image where it is derived, network, volume, one container per node, and the readiness check. */
export function buildLocalCluster(
  scope: Construct,
  plan: ClusterPlan,
  settings: LocalSettings,
): ClusterEndpoint {
  const provider = givenProvider(scope, settings.provider) ?? dockerProvider(scope, settings.dockerHost);
  const image = derivedImage(scope, "image", provider, plan.image);
  const network = clusterNetwork(scope, plan, provider);
  const volume = new Volume(scope, "volume", { provider, name: literal(plan.name, "volume name") });
  const nodes = plan.nodes.map((node) => ({
    plan: node,
    spec: withoutWorkload(containerSpec(plan, node), plan, node),
  }));
  const gateSpec = gateContainer(plan);
  const files = new ContainerFiles(scope, plan.name, [...nodes.map((node) => node.spec), gateSpec]);
  // Every read of an attribute creates a new reference, which is slow; all containers share these.
  const networkId = network.id;
  const ofContainers =
    image === undefined
      ? provider
      : new AfterImages(scope, plan.name, plan.image.reference, [image]).provider(provider);
  const privateFiles = privateVolume(volume.name);
  const place = (
    containerName: string,
    address: string,
    mounts: readonly MountOption[] = [],
  ): ContainerPlacement => ({
    containerName,
    network: { name: networkId, address },
    mounts: [...mounts, privateFiles],
    files,
  });

  const containers = nodes.map(({ plan: node, spec }) => {
    const volumes = nodeVolumes(scope, plan, spec, provider);
    const mounts = spec.mounts.map((mount) => volumes.get(mount.target) ?? folderMount(mount));
    return new Container(scope, node.name, {
      ...nodeContainerConfig(spec, place(`${plan.name}-${node.name}`, plannedAddress(node), mounts)),
      provider: ofContainers,
      dependsOn: image && [image],
      ports: publishedPorts(node, plan, settings),
    });
  });
  const gateMounts = gateSecretMounts(nodes[0].spec, plan).map(folderMount);
  const gate = new Gate(scope, {
    provider: ofContainers,
    spec: gateSpec,
    placement: place(gateSpec.name, addressOf(plan, "gate"), gateMounts),
    nodes: containers,
  });
  writeAccessFile(scope, plan, {
    place: "local",
    nodes: plan.nodes.map(({ name }) => ({
      node: name,
      called: name,
      container: `${plan.name}-${name}`,
      dockerHost: settings.dockerHost ?? hostOf(settings.provider) ?? null,
      sshArguments: null,
    })),
  });
  const url = endpointOf(plan, settings);
  return {
    url: gate.whenServing(url),
    reviewUrl: url,
    reviewFacts: localPlaceFacts(plan),
    reviewMounts: [`Docker volume \`${plan.name}\` at \`${CONTAINER_PATHS.volume}\``, ...ownDisks(plan)],
  };
}

/** The API on the Docker host; without one, the address of Ray on the cluster's network. */
function endpointOf(plan: ClusterPlan, settings: LocalSettings): string {
  return plan.engine.api
    ? `${apiScheme(plan)}://${LOOPBACK}:${settings.apiPort}`
    : `${plannedAddress(plan.nodes[0])}:${plan.ports.find(({ name }) => name === "gcs")?.from}`;
}

/** For the review: one line for the volumes of all nodes. */
function ownDisks(plan: ClusterPlan): readonly string[] {
  return plan.storage
    .filter(({ isShared }) => !isShared)
    .map(
      ({ mountPath }) =>
        `Docker volumes \`${volumeName(plan, "<node>", mountPath)}\`, one for each node, at \`${mountPath}\``,
    );
}

/** Only the engine's API is published, from the head. */
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
    throw new Error(
      `node ${node.name} has no address. This is a bug in cdktf-ray-cluster; please report it.`,
    );
  }
  return node.address;
}
