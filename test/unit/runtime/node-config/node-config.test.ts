import fixture from "../../../fixtures/node.json";
import { nodeConfig, nodeConfigText } from "../../../../lib/runtime/node-config/node-config";
import { nodeLifeText } from "../../../../lib/runtime/node-config/node-life";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const plan = planCluster(emulatedProps(), localPlace());

test("the head of local-2x8 has the node.json of the node program's tests", () => {
  expect(JSON.parse(nodeConfigText(nodeConfig(plan, plan.nodes[0])))).toEqual(fixture);
});

test("a worker differs from the head only in its node section", () => {
  const worker = nodeConfig(plan, plan.nodes[1]);
  expect(worker).toEqual({
    ...nodeConfig(plan, plan.nodes[0]),
    node: { ...fixture.node, name: "npu-1", role: "worker", address: "10.89.28.11" },
  });
});

test("TLS between the nodes is the paths of three files, and nothing where it is off", () => {
  const secured = planCluster(emulatedProps({ internodeTls: true }), localPlace());
  const tls = {
    authority: "/run/ray-cluster/tls/authority.crt",
    certificate: "/run/ray-cluster/tls/node.crt",
    key: "/run/ray-cluster/tls/node.key",
  };
  for (const index of [0, 1]) {
    const before = nodeConfig(plan, plan.nodes[index]);
    expect(before).not.toHaveProperty("tls");
    expect(nodeConfig(secured, secured.nodes[index])).toEqual({ ...before, tls });
    expect(JSON.parse(nodeLifeText(secured, secured.nodes[index]))).toMatchObject({ schema: 2, tls });
    expect(nodeLifeText(plan, plan.nodes[index])).not.toContain("tls");
  }
});

describe("a head without accelerators, and machines whose addresses the place assigns", () => {
  const mixed = planCluster(
    machineProps({
      pools: [
        { name: "head", nodes: 1 },
        { name: "gpu", nodes: 2, accelerator: Accelerator.H100 },
      ],
    }),
    hostsPlace({ addresses: { head: ["10.20.0.1"] } }),
  );

  test("the head has no accelerators", () => {
    expect(nodeConfig(mixed, mixed.nodes[0]).node).toEqual({
      name: "head-0",
      pool: "head",
      role: "head",
      address: "10.20.0.1",
      accelerators: {
        planned: 0,
        resource: null,
        devices: null,
        deviceGlob: null,
        visibleDevicesVariable: null,
      },
    });
  });

  test("all nodes of a pool have the same configuration", () => {
    const [, first, second] = mixed.nodes.map((node) => nodeConfig(mixed, node));
    expect(first).toEqual(second);
    expect(first.node).toMatchObject({
      name: null,
      address: null,
      accelerators: { planned: 8, resource: "GPU" },
    });
    expect(first.pools).toEqual([
      {
        name: "head",
        nodes: 1,
        accelerators: 0,
        resource: null,
        addresses: ["10.20.0.1"],
        nodeNames: ["head-0"],
      },
      { name: "gpu", nodes: 2, accelerators: 8, resource: "GPU", addresses: null, nodeNames: null },
    ]);
  });

  test("values that the place does not decide are null", () => {
    expect(nodeConfig(mixed, mixed.nodes[0]).ray).toEqual({
      version: "2.58.0",
      authentication: "token",
      tokenSince: "2.52.0",
      cpus: null,
      objectStoreBytes: null,
    });
  });
});

test("with only the head's address planned, all workers of a pool have the same configuration", () => {
  const plan = planCluster(machineProps(), hostsPlace({ addresses: {}, headAddress: "10.20.0.10" }));
  const [head, ...workers] = plan.nodes.map((node) => nodeConfig(plan, node));
  expect(head.node).toMatchObject({ name: "gpu-0", role: "head", address: "10.20.0.10" });
  expect(head.head).toEqual({ name: "gpu-0", address: "10.20.0.10" });
  expect(new Set(workers.map(nodeConfigText))).toEqual(new Set([nodeConfigText(workers[0])]));
  expect(workers[0].node).toMatchObject({ name: null, role: "worker", address: null });
  expect(workers[0].pools).toMatchObject([{ name: "gpu", nodes: 4, addresses: null }]);
});

test("a plan without a head address is refused", () => {
  const broken = { ...plan, nodes: plan.nodes.map((node) => ({ ...node, address: undefined })) };
  expect(() => nodeConfig(broken, broken.nodes[0])).toThrow("the plan of 'local-2x8' has no head address");
});

test("a plan without one of Ray's ports is refused", () => {
  const broken = { ...plan, ports: plan.ports.filter((port) => port.name !== "gcs") };
  expect(() => nodeConfig(broken, broken.nodes[0])).toThrow("the plan of 'local-2x8' has no port 'gcs'");
});

test.each([
  ["vllm/vllm-openai:v0.33.0", Accelerator.H100, "580"],
  ["quay.io/ascend/vllm-ascend:v0.23.0", Accelerator.ASCEND_910B_64GB, "25.5"],
  ["example.com/own/vllm:1", Accelerator.H100, null],
])("the oldest driver for %s is in node.json", (reference, accelerator, driver) => {
  const image = ContainerImage.of(reference, { rayVersion: "2.54.1" });
  const made = planCluster(
    machineProps({ image, fabric: Fabric.TCP, pools: [{ name: "gpu", nodes: 4, accelerator }] }),
    hostsPlace(),
  );
  expect(nodeConfig(made, made.nodes[0]).preflight.minimumDriver).toBe(driver);
});
