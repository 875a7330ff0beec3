import { Container } from "@cdktf/provider-docker/lib/container";
import type { Image } from "@cdktf/provider-docker/lib/image";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import type { Construct } from "constructs";
import type { MountOption } from "../../runtime/container-spec/container-options";
import { gateContainer } from "../../runtime/container-spec/gate-container";
import { gateSecretMounts } from "../../runtime/container-spec/make-container-spec";
import { CONTAINER_PATHS } from "../../runtime/paths";
import { writeAccessFile } from "../../terraform/cluster-access";
import type { ClusterEndpoint } from "../../terraform/cluster-backend";
import { literal } from "../../terraform/encode";
import { resourceAddress } from "../../terraform/resource-address";
import { addStackFile } from "../../terraform/stack-files";
import type { PacketFilter } from "../../topology/declaration/packet-filter";
import { clusterEndpoint } from "../../topology/plan/endpoint";
import type { ClusterPlan } from "../../topology/plan/plan";
import { AfterImages } from "../container/after-images";
import { ContainerFiles } from "../container/container-files";
import { Gate } from "../container/gate";
import { folderMount, nodeContainerConfig, privateVolume } from "../container/node-container";
import { HostCommand } from "./host-command";
import { containerName } from "./host-facts";
import type { Machine } from "./host-machine";
import { describeNode, type HostNode, onHost } from "./host-node";
import { type HostsFile, hostsFileName } from "./hosts-file";
import { takeOut } from "./take-out";
import { hostFilter } from "./host-filter";
import { machineId } from "./machine-id";
import { hostsPlaceFacts } from "./place-facts";
import { imageDigest, nodeImage, sameImage } from "./node-image";
import { dockerHost, machineLabel, sshArguments } from "./ssh";
import { checkTenants } from "./tenants";
import { stateVolume, tokenVolume } from "./volume-names";

export interface HostsClusterProps {
  /** Machine of each node of the plan. */
  readonly machines: readonly Machine[];
  /** Machines that are retired or lost. */
  readonly machinesOut: readonly Machine[];
  readonly imagePullTimeoutSeconds: number;
  readonly registryLogins: readonly string[];
  readonly packetFilter: PacketFilter;
  /** Why nothing may be deployed; empty: it may. */
  readonly refusals: readonly string[];
  /** Where the user declares the machines, e.g. `machines.yaml`. */
  readonly where: string;
}

/** On each machine: a check, the image, two volumes, the token, the node's container; on the head's, the readiness check. */
export function buildHostsCluster(
  scope: Construct,
  plan: ClusterPlan,
  props: HostsClusterProps,
): ClusterEndpoint {
  props.machinesOut.forEach((machine) => {
    takeOut(scope, plan.name, machine, props.registryLogins);
  });
  checkTenants(scope, plan, props.machines);
  const nodes = plan.nodes.map((node, index) =>
    describeNode(scope, plan, node, props.machines[index], props),
  );
  const checks = nodes.map((node) => check(scope, plan, node, props.refusals));
  const filters = nodes.map((node, index) =>
    hostFilter(scope, plan, node, { filter: props.packetFilter, check: checks[index] }),
  );
  const images = nodes.map((node, index) =>
    nodeImage(scope, plan, node, checks[index], props.imagePullTimeoutSeconds),
  );
  const volumes = nodes.map(({ plan: { name }, provider }, index) => {
    const before = { provider, dependsOn: [checks[index]] };
    const state = new Volume(scope, machineId(name, "state"), {
      ...before,
      name: literal(stateVolume(plan), "volume"),
    });
    const secrets = new Volume(scope, machineId(name, "secrets"), {
      ...before,
      name: literal(tokenVolume(plan), "volume"),
    });
    return { state, secrets };
  });
  const gateSpec = gateContainer(plan);
  const files = new ContainerFiles(scope, plan.name, [...nodes.map((node) => node.spec), gateSpec]);
  const tokens = shareToken(scope, plan, nodes, images, volumes);

  const afterImages = new AfterImages(scope, plan.name, plan.image.reference, images);
  const providers = nodes.map(({ provider }) => afterImages.provider(provider));
  const containers = nodes.map((node, index) => {
    const { state, secrets } = volumes[index];
    const before = [tokens[index], filters[index]].flatMap((one) => one ?? []);
    const config = nodeContainerConfig(node.spec, {
      containerName: containerName(plan, node.plan),
      image: images[index].imageId,
      // A folder of each machine's own disk is created where it is missing; shared storage must exist.
      mounts: [
        ...node.spec.mounts.map((mount) => ({ ...folderMount(mount), isCreated: mount.isPerNode })),
        privateVolume(state.name),
        secretsMount(secrets),
      ],
      labels: [{ label: "ray-cluster.cluster", value: plan.name }],
      files,
      uploads: imageDigest(plan, images[index]),
    });
    return new Container(scope, machineId(node.plan.name, "node"), {
      ...config,
      provider: providers[index],
      dependsOn: before,
      lifecycle: { precondition: sameImage(plan, nodes, images, index) },
    });
  });
  const gate = new Gate(scope, {
    provider: providers[0],
    spec: gateSpec,
    placement: {
      containerName: gateSpec.name,
      image: images[0].imageId,
      mounts: [
        privateVolume(volumes[0].state.name),
        ...gateSecretMounts(nodes[0].spec, plan).map(folderMount),
      ],
      files,
    },
    nodes: containers,
  });
  writeHostsFile(scope, plan, nodes, props.refusals);
  writeAccessFile(scope, plan, {
    place: "hosts",
    nodes: nodes.map(({ plan: node, machine }) => ({
      node: node.name,
      called: machineLabel(node.name, machine),
      container: containerName(plan, node),
      dockerHost: null,
      sshArguments: sshArguments(machine),
    })),
  });
  const url = clusterEndpoint(plan);
  return {
    url: gate.whenServing(url),
    reviewUrl: url,
    reviewFacts: hostsPlaceFacts(plan, props.packetFilter),
    reviewMounts: [
      `Docker volume \`${stateVolume(plan)}\` of each machine at \`${CONTAINER_PATHS.volume}\``,
      `Docker volume \`${tokenVolume(plan)}\` of each machine at \`${CONTAINER_PATHS.secrets}\`, read-only`,
    ],
    reviewMachines: nodes.map(({ plan: { name }, machine }) => [name, machine.name, dockerHost(machine)]),
  };
}

/** Runs before anything uses Docker, because the provider's own errors name neither the machine nor a remedy. */
function check(
  scope: Construct,
  plan: ClusterPlan,
  host: HostNode,
  refusals: readonly string[],
): HostCommand {
  const { plan: node, machine, facts } = host;
  return new HostCommand(scope, machineId(node.name, "check"), {
    command: HostCommand.onHost("check-machine.sh"),
    environment: { ...onHost(host, facts), FINDINGS: "1" },
    // Without the port and options of ssh: a machine stays the same when they change.
    triggers: [machine.sshHost, ...facts],
    refusals: node === plan.nodes[0] ? refusals : [],
  });
}

/** How many machines copy the token from each one: sshd allows ten sessions per connection, and the provider uses some. */
const COPIES = 4;

/**
 * The head's machine creates the token; the others copy it from a machine that has it. Each keeps it in a volume, before
 * any container is created.
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
    const source = index === 0 ? undefined : Math.floor((index - 1) / COPIES);
    const facts = (action: string) => [
      `action ${action}`,
      `volume ${tokenVolume(plan)}`,
      `image ${plan.image.reference}`,
    ];
    const command = new HostCommand(scope, machineId(host.plan.name, "token"), {
      command: source === undefined ? HostCommand.onHost("cluster-token.sh") : "share-token.sh",
      environment: {
        ...onHost(host, facts(source === undefined ? "make" : "take")),
        ...(source === undefined ? {} : from(nodes[source], facts("print"))),
      },
      // A volume that was removed is created again, empty.
      triggers: [volumes[index].secrets.id, ...(source === undefined ? [] : [commands[source].id])],
    });
    command.dependsOn = [resourceAddress(images[index])];
    commands.push(command);
  }
  return commands;
}

/** Environment of `share-token.sh` for the machine that has the token. */
function from(
  { plan: node, machine, ifGone }: HostNode,
  facts: readonly string[],
): { [name: string]: string } {
  return {
    SOURCE: machineLabel(node.name, machine),
    SOURCE_IF_GONE: ifGone,
    SOURCE_SSH_ARGUMENTS: sshArguments(machine).join("\n"),
    SOURCE_FACTS: facts.join("\n"),
  };
}

function secretsMount(volume: Volume): MountOption {
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
    token:
      plan.ray.authentication === "token" ? { volume: tokenVolume(plan), image: plan.image.reference } : null,
    machines: nodes.map(({ plan: node, machine, facts, ifGone }) => ({
      node: node.name,
      called: machineLabel(node.name, machine),
      ifGone,
      sshArguments: sshArguments(machine),
      facts,
    })),
  };
  addStackFile(scope, hostsFileName(plan.name), `${JSON.stringify(file, null, 2)}\n`);
}
