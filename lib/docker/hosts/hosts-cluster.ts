import {
  Container,
  type ContainerMounts,
  type ContainerUpload,
  type ContainerVolumes,
} from "@cdktf/provider-docker/lib/container";
import type { Image } from "@cdktf/provider-docker/lib/image";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { Construct } from "constructs";
import type { ContainerSpec } from "../../runtime/container-spec/container-spec";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import { CONTAINER_PATHS } from "../../runtime/paths";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import { addStackFile } from "../../terraform/stack-files";
import { clusterEndpoint } from "../../topology/plan/endpoint";
import type { ClusterPlan, NodePlan } from "../../topology/plan/plan";
import { ContainerFiles } from "../container/container-files";
import { Gate } from "../container/gate";
import { nodeContainerConfig } from "../container/node-container";
import { HostCommand } from "./host-command";
import { containerName } from "./host-facts";
import type { Machine } from "./host-machine";
import { describeNode, type HostNode, onHost } from "./host-node";
import { type HostsFile, hostsFileName } from "./hosts-file";
import { imageDigest, nodeImage, sameImage } from "./node-image";
import { calledMachine, dockerHost, sshArguments } from "./ssh";

export interface HostsClusterProps {
  /** Machine of each node, by the node's name. */
  readonly machines: ReadonlyMap<string, Machine>;
  readonly imagePullTimeoutSeconds: number;
  readonly registryLogins: readonly string[];
  /** Why nothing may be deployed; empty: it may. */
  readonly refusals: readonly string[];
}

/** On each machine: a look at it, the image, two volumes, the token, the node's container; on the head's, the gate. */
export function buildHostsCluster(
  scope: Construct,
  plan: ClusterPlan,
  props: HostsClusterProps,
): ClusterEndpoint {
  const nodes = plan.nodes.map((node) =>
    describeNode(scope, plan, node, machineOf(node, props), props.registryLogins),
  );
  const checks = nodes.map((node) => check(scope, plan, node, props.refusals));
  const images = nodes.map((node, index) =>
    nodeImage(scope, plan, node, checks[index], props.imagePullTimeoutSeconds),
  );
  const volumes = nodes.map(({ plan: { name }, provider }, index) => {
    const before = { provider, dependsOn: [checks[index]] };
    const state = new Volume(scope, `${name}-state`, { ...before, name: literal(plan.name, "volume") });
    const secrets = new Volume(scope, `${name}-secrets`, {
      ...before,
      name: literal(`${plan.name}-secrets`, "volume"),
    });
    return { state, secrets };
  });
  const gateSpec = gateContainer(plan);
  const files = new ContainerFiles(scope, plan.name, [...nodes.map((node) => node.spec), gateSpec]);
  const tokens = plan.ray.authentication === "token" ? shareToken(scope, plan, nodes, images, volumes) : [];

  const containers = nodes.map((node, index) => {
    const { perNode, elsewhere } = splitMounts(node.spec);
    const config = nodeContainerConfig(elsewhere, {
      containerName: containerName(plan, node.plan),
      image: images[index].imageId,
      privateVolume: volumes[index].state.name,
      files,
    });
    return new Container(scope, node.plan.name, {
      ...config,
      provider: node.provider,
      mounts: [...(config.mounts as ContainerMounts[]), secretsMount(volumes[index].secrets)],
      upload: [...(config.upload as ContainerUpload[]), ...imageDigest(plan, images[index])],
      volumes: perNode.length > 0 ? perNode : undefined,
      labels: [...(config.labels as []), { label: "ray-cluster.cluster", value: plan.name }],
      dependsOn: tokens.length > 0 ? [tokens[index]] : undefined,
      lifecycle: { precondition: sameImage(plan, nodes, images, index) },
    });
  });
  const gate = new Gate(scope, {
    provider: nodes[0].provider,
    spec: gateSpec,
    placement: {
      containerName: gateSpec.name,
      image: images[0].imageId,
      privateVolume: volumes[0].state.name,
      files,
    },
    nodes: containers,
  });
  writeHostsFile(scope, plan, nodes, props.refusals);
  const url = clusterEndpoint(plan);
  return {
    url: gate.whenServing(url),
    reviewUrl: url,
    reviewMounts: [
      `Docker volume \`${plan.name}\` of each machine at \`${CONTAINER_PATHS.volume}\``,
      `Docker volume \`${plan.name}-secrets\` of each machine at \`${CONTAINER_PATHS.secrets}\`, read-only`,
    ],
    reviewMachines: nodes.map(({ plan: { name }, machine }) => [name, machine.name, dockerHost(machine)]),
  };
}

function machineOf(node: NodePlan, { machines }: HostsClusterProps): Machine {
  const machine = machines.get(node.name);
  if (machine === undefined) {
    throw new Error(`node ${node.name} has no machine: a checked plan has one for every node`);
  }
  return machine;
}

/** Before Docker is asked for anything: the provider's own errors name neither machine nor remedy. */
function check(
  scope: Construct,
  plan: ClusterPlan,
  host: HostNode,
  refusals: readonly string[],
): HostCommand {
  const { plan: node, machine, facts } = host;
  return new HostCommand(scope, `${node.name}-check`, {
    command: HostCommand.onHost("check-machine.sh"),
    environment: { ...onHost(host, facts), FINDINGS: "1" },
    // How the machine is reached is no part of it: another port of ssh is the same machine.
    triggers: [machine.sshHost, ...facts],
    refusals: node === plan.nodes[0] ? refusals : [],
  });
}

/** Of each machine so many others take the token: sshd gives a connection ten sessions, and the provider has some. */
const TAKERS = 4;

/**
 * The head's machine makes the token, the next ones take it from there, and the next from those; each in its volume,
 * before any container.
 */
function shareToken(
  scope: Construct,
  plan: ClusterPlan,
  nodes: readonly HostNode[],
  images: readonly Image[],
  volumes: readonly { readonly secrets: Volume }[],
): HostCommand[] {
  const commands: HostCommand[] = [];
  for (const [index, host] of nodes.entries()) {
    const source = index === 0 ? undefined : Math.floor((index - 1) / TAKERS);
    const facts = (action: string) => [
      `action ${action}`,
      `volume ${plan.name}-secrets`,
      `image ${plan.image.reference}`,
    ];
    const command = new HostCommand(scope, `${host.plan.name}-token`, {
      command: source === undefined ? HostCommand.onHost("cluster-token.sh") : HostCommand.shareToken,
      environment: {
        ...onHost(host, facts(source === undefined ? "make" : "take")),
        ...(source === undefined ? {} : from(nodes[source], facts("print"))),
      },
      // A volume that somebody removed is made anew, and is empty then.
      triggers: [volumes[index].secrets.id, ...(source === undefined ? [] : [commands[source].id])],
      dependsOn: [resourceAddress(images[index])],
    });
    commands.push(command);
  }
  return commands;
}

/** Environment of `share-token.sh` for the machine that has the token already. */
function from({ plan: node, machine }: HostNode, facts: readonly string[]): { [name: string]: string } {
  return {
    SOURCE: calledMachine(node.name, machine),
    SOURCE_SSH_ARGUMENTS: sshArguments(machine).join("\n"),
    SOURCE_FACTS: facts.join("\n"),
  };
}

/** A folder of each machine's own is made by Docker where it is missing; what is shared must be there. */
function splitMounts(spec: ContainerSpec): { perNode: ContainerVolumes[]; elsewhere: ContainerSpec } {
  const perNode = spec.mounts.filter((mount) => mount.isPerNode);
  return {
    perNode: perNode.map(({ source, target, readOnly }) => ({
      hostPath: literal(source, "folder"),
      containerPath: literal(target, "folder"),
      readOnly,
    })),
    elsewhere: { ...spec, mounts: spec.mounts.filter((mount) => !mount.isPerNode) },
  };
}

function secretsMount(volume: Volume): ContainerMounts {
  return { type: "volume", source: volume.name, target: CONTAINER_PATHS.secrets, readOnly: true };
}

function writeHostsFile(
  scope: Construct,
  plan: ClusterPlan,
  nodes: readonly HostNode[],
  refusals: readonly string[],
): void {
  const file: HostsFile = {
    cluster: plan.name,
    refusals,
    machines: nodes.map(({ plan: node, machine, facts }) => ({
      node: node.name,
      called: calledMachine(node.name, machine),
      sshArguments: sshArguments(machine),
      facts,
    })),
  };
  addStackFile(scope, hostsFileName(plan.name), `${JSON.stringify(file, null, 2)}\n`);
}
