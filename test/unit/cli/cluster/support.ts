import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClusterNode, DockerReach, SessionReach, SshReach } from "../../../../lib/cli/cluster/reach";
import type { AccessFile } from "../../../../lib/terraform/access-file";

export const DOCKER: DockerReach = { kind: "docker", container: "c1-npu-0" };
export const SSH: SshReach = {
  kind: "ssh",
  container: "c1-npu-0",
  sshArguments: ["-o", "BatchMode=yes", "-p", "22", "-l", "root", "--", "10.0.0.1"],
};
export const SESSION: SessionReach = {
  kind: "session",
  container: "ray-cluster",
  service: "ray-cluster.service",
  region: "us-east-1",
  instanceId: "i-0123456789abcdef0",
};

export function node(name: string, isHead = false): ClusterNode {
  return { name, called: name, isHead, reach: { kind: "docker", container: `c1-${name}` } };
}

/** A cluster of two containers on this machine. */
export const LOCAL: AccessFile = {
  cluster: "c1",
  apiPort: 8000,
  dashboardPort: 8265,
  place: "local",
  nodes: ["npu-0", "npu-1"].map((name) => ({
    node: name,
    called: name,
    container: `c1-${name}`,
    dockerHost: null,
    sshArguments: null,
  })),
};

/** A machine of EC2 for the head, and a group of others. */
export const EC2: AccessFile = {
  cluster: "llama",
  apiPort: 8000,
  dashboardPort: 8265,
  place: "aws",
  region: "data.aws_region.llama_region_1",
  head: { node: "gpu-0", address: "aws_instance.llama_head_2" },
  groups: [{ pool: "gpu", address: "aws_autoscaling_group.llama_workers_3" }],
  container: "ray-cluster",
  service: "ray-cluster.service",
};

/** What `cdktf` has written for a stack with these clusters; returns its folder. */
export function outputOf(stack: string, ...files: readonly AccessFile[]): string {
  const output = mkdtempSync(join(tmpdir(), "ray-cluster-output-"));
  const folder = join(output, "stacks", stack, "access");
  mkdirSync(folder, { recursive: true });
  for (const file of files) {
    writeFileSync(join(folder, `${file.cluster}.json`), JSON.stringify(file));
  }
  return output;
}

/** What `ray_node status --json` prints. */
export function stateText(change: object = {}): string {
  return JSON.stringify({
    node: "npu-0",
    role: "head",
    address: "10.89.28.10",
    state: "serving",
    since: "2026-11-29T01:00:00Z",
    reason: "16 of 16 ranks",
    culprit: null,
    waitingFor: null,
    endpoint: "http://10.89.28.10:8000",
    healthy: true,
    unhealthyBecause: null,
    warnings: [],
    ...change,
  });
}
