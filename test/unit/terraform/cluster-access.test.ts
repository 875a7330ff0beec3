import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  HostsBackend,
  LocalBackend,
  RayCluster,
  type RayClusterProps,
  RayOnly,
} from "../../../lib";
import type { AccessFile } from "../../../lib/terraform/access-file";
import { awsCluster } from "../../support/aws-clusters";
import { Synthesized } from "../../support/synth";

const PROPS = {
  fabric: Fabric.TCP,
  image: ContainerImage.of("ray-emulation:2.58.0", { rayVersion: "2.58.0" }),
  engine: new EmulatedServe(),
  pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 }],
};

function accessOf(backend: RayClusterProps["backend"], change: Partial<RayClusterProps> = {}): AccessFile {
  const stack = Synthesized.of((scope) => {
    new RayCluster(scope, "c1", { ...PROPS, backend, ...change });
  });
  try {
    return JSON.parse(stack.file("access/c1.json"));
  } finally {
    stack.remove();
  }
}

const NODES = ["npu-0", "npu-1"].map((node) => ({
  node,
  called: node,
  container: `c1-${node}`,
  sshArguments: null,
}));

describe("how the nodes of a cluster are reached", () => {
  it("on this machine: through its Docker engine", () => {
    expect(accessOf(new LocalBackend())).toEqual({
      ...{ cluster: "c1", apiPort: 8000, dashboardPort: 8265, place: "local" },
      nodes: NODES.map((node) => ({ ...node, dockerHost: null })),
    });
  });

  it("through a Docker engine that is named", () => {
    expect(accessOf(new LocalBackend({ dockerHost: "ssh://root@big" }))).toMatchObject({
      nodes: NODES.map((node) => ({ ...node, dockerHost: "ssh://root@big" })),
    });
  });

  it("on existing machines: over ssh, as a deployment", () => {
    const hosts = ["atlas-1", "atlas-2"].map((name, index) => ({
      name,
      sshHost: `10.20.0.${index + 1}`,
      address: `10.30.0.${index + 1}`,
    }));
    const found = accessOf(new HostsBackend({ hosts, subnetCidr: "10.30.0.0/24" }), {
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB }],
      fabric: Fabric.ROCE,
      image: ContainerImage.of(`registry.internal/x@sha256:${"0123456789abcdef".repeat(4)}`, {
        rayVersion: "2.58.0",
      }),
    });
    expect(found).toMatchObject({
      place: "hosts",
      nodes: ["atlas-1", "atlas-2"].map((node, index) => ({
        node,
        called: `${node} (ssh://root@10.20.0.${index + 1}:22)`,
        container: `c1-${node}`,
        dockerHost: null,
        sshArguments: expect.arrayContaining(["BatchMode=yes", "--", `10.20.0.${index + 1}`]),
      })),
    });
  });

  it("on EC2: by what Terraform's state has of the machines", () => {
    const stack = awsCluster();
    const found = JSON.parse(stack.file("access/llama.json"));
    expect(found).toEqual({
      ...{ cluster: "llama", apiPort: 8000, dashboardPort: 8265, place: "aws" },
      region: expect.stringMatching(/^data\.aws_region\./),
      head: { node: "gpu-0", address: expect.stringMatching(/^aws_instance\./) },
      groups: [{ pool: "gpu", address: expect.stringMatching(/^aws_autoscaling_group\./) }],
      ...{ container: "ray-cluster", service: "ray-cluster.service" },
    });
    // They are addresses of this very stack.
    for (const address of [found.head.address, found.groups[0].address]) {
      const [type, name] = address.split(".");
      expect(Object.keys(stack.resources(type))).toContain(name);
    }
    expect(Object.keys(stack.json.data.aws_region)).toContain(found.region.split(".")[2]);
    stack.remove();
  });

  it("without a token there is no dashboard, and without an engine no API", () => {
    const image = ContainerImage.of("ray-emulation:2.48.0", { rayVersion: "2.48.0" });
    const older = { image, allowUnauthenticatedRay: "a test" };
    expect(accessOf(new LocalBackend(), older)).toMatchObject({ apiPort: 8000, dashboardPort: null });
    expect(accessOf(new LocalBackend(), { engine: new RayOnly() })).toMatchObject({
      apiPort: null,
      dashboardPort: 8265,
    });
    const ports = { dashboard: 9265 };
    expect(accessOf(new LocalBackend(), { ports })).toMatchObject({ dashboardPort: 9265 });
  });
});
