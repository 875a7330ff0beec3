import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AccessFile, ContainerAccess } from "../../terraform/access-file";
import { CommandError } from "../base/command-error";
import { outputFolder } from "../base/output-folder";
import { ec2Nodes } from "./ec2-nodes";
import type { ClusterNode, Reach } from "./reach";

/** Where `cdktf` writes what it has synthesized, and which of it is meant. */
export interface ClusterChoice {
  readonly stack: string;
  /** @default - every cluster of the stack */
  readonly cluster?: string;
  /** @default - that of `cdktf.json`, else `cdktf.out` */
  readonly output?: string;
}

/** A cluster and how to reach its nodes, the head first. */
export interface OwnedCluster {
  readonly name: string;
  readonly apiPort: number | null;
  readonly dashboardPort: number | null;
  readonly nodes: readonly ClusterNode[];
  /** Folder of the synthesized stack. */
  readonly stackFolder: string;
}

/**
 * The clusters of a synthesized stack.
 *
 * @throws CommandError if there is no such stack or cluster, or if Terraform or AWS does not say which machines it has
 */
export async function clustersOf(choice: ClusterChoice): Promise<readonly OwnedCluster[]> {
  const { stackFolder, files } = accessFiles(choice);
  return Promise.all(
    files.map(async (file) => ({
      name: file.cluster,
      apiPort: file.apiPort,
      dashboardPort: file.dashboardPort,
      nodes: file.place === "aws" ? await ec2Nodes(stackFolder, file) : file.nodes.map(containerNode),
      stackFolder,
    })),
  );
}

/**
 * The one cluster of a stack, or the one that was named.
 *
 * @throws CommandError as `clustersOf`, and if there are several
 */
export async function clusterOf(choice: ClusterChoice): Promise<OwnedCluster> {
  const { files } = accessFiles(choice);
  if (files.length > 1) {
    throw new CommandError(
      `stack '${choice.stack}' has ${files.length} clusters: ${files.map(({ cluster }) => cluster).join(", ")}`,
      "Name one: --cluster <name>.",
    );
  }
  const [found] = await clustersOf(choice);
  return found;
}

/**
 * A node by its name. @param name @default - the head
 *
 * @throws CommandError that names all nodes
 */
export function nodeOf({ name: cluster, nodes }: OwnedCluster, name: string | undefined): ClusterNode {
  const found =
    name === undefined ? nodes.find(({ isHead }) => isHead) : nodes.find((node) => node.name === name);
  if (found === undefined) {
    throw new CommandError(
      `cluster '${cluster}' has no node '${name}'`,
      `Its nodes: ${nodes.map((node) => node.name).join(", ")}.`,
    );
  }
  return found;
}

function accessFiles({ stack, cluster, output = outputFolder() }: ClusterChoice): {
  readonly stackFolder: string;
  readonly files: readonly AccessFile[];
} {
  const stacks = join(output, "stacks");
  const stackFolder = join(stacks, stack);
  if (!existsSync(stackFolder)) {
    const there = existsSync(stacks) ? readdirSync(stacks).join(", ") : "";
    throw new CommandError(
      `${output} has no stack '${stack}'`,
      there === ""
        ? "Run `npx cdktf synth` first."
        : `It has: ${there}. Run \`npx cdktf synth\` if yours is new.`,
    );
  }
  const folder = join(stackFolder, "access");
  const files = (existsSync(folder) ? readdirSync(folder).sort() : [])
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as AccessFile);
  if (files.length === 0) {
    throw new CommandError(
      `stack '${stack}' has no cluster that this command can reach`,
      "It reaches clusters of LocalBackend, HostsBackend and AwsBackend. Machines of other providers: log in to them.",
    );
  }
  const chosen = files.filter((file) => cluster === undefined || file.cluster === cluster);
  if (chosen.length === 0) {
    const names = files.map((file) => file.cluster).join(", ");
    throw new CommandError(`stack '${stack}' has no cluster '${cluster}'`, `Its clusters: ${names}.`);
  }
  return { stackFolder, files: chosen };
}

function containerNode(
  { node, called, container, dockerHost, sshArguments }: ContainerAccess,
  index: number,
): ClusterNode {
  const reach: Reach =
    sshArguments === null
      ? { kind: "docker", container, host: dockerHost ?? undefined }
      : { kind: "ssh", container, sshArguments };
  return { name: node, called, isHead: index === 0, reach };
}
