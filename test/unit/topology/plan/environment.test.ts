import { CustomServe } from "../../../../lib/engines/custom-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { planEnvironment } from "../../../../lib/topology/plan/environment";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { normalise } from "../../../../lib/topology/plan/spec";
import { engine } from "../../../support/engines";
import { emulatedProps, machineProps } from "../../../support/clusters";

const emulated = (change: Parameters<typeof emulatedProps>[0] = {}) =>
  planEnvironment(normalise(emulatedProps(change)));
const machines = (change: Parameters<typeof machineProps>[0] = {}) =>
  planEnvironment(normalise(machineProps(change)));

test("planEnvironment gives an Ascend cluster HCCL's address, the interfaces and the NOSET variable", () => {
  expect(emulated()).toEqual({
    cluster: { RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES: "1" },
    node: {
      ASCEND_RT_VISIBLE_DEVICES: "visible-devices",
      GLOO_SOCKET_IFNAME: "interface",
      HCCL_IF_IP: "address",
      HCCL_SOCKET_IFNAME: "exact-interface",
      TP_SOCKET_IFNAME: "interface",
    },
    driver: {},
  });
});

test("planEnvironment gives an InfiniBand cluster NCCL's interface and the variables that make it fail closed", () => {
  expect(machines()).toEqual({
    cluster: { NCCL_NET: "IB" },
    node: {
      GLOO_SOCKET_IFNAME: "interface",
      NCCL_IB_HCA: "rdma-devices",
      NCCL_SOCKET_IFNAME: "exact-interface",
      TP_SOCKET_IFNAME: "interface",
    },
    driver: {},
  });
});

test.each([
  [Fabric.INFINIBAND, { NCCL_IB_HCA: "rdma-devices" }],
  [Fabric.ROCE, { NCCL_IB_GID_INDEX: "rdma-gid-index", NCCL_IB_HCA: "rdma-devices" }],
  [Fabric.TCP, {}],
  [Fabric.EFA, {}],
])("planEnvironment lets each node on %j determine its adapters", (fabric, found) => {
  const rdma = Object.entries(machines({ fabric }).node).filter(([name]) => name.startsWith("NCCL_IB"));
  expect(Object.fromEntries(rdma)).toEqual(found);
});

test("planEnvironment accepts one choice of adapters for all nodes", () => {
  const planned = machines({ fabric: Fabric.ROCE, environment: { NCCL_IB_HCA: "^mlx5_bond_0" } });
  expect(planned.cluster.NCCL_IB_HCA).toBe("^mlx5_bond_0");
  expect(planned.node).not.toHaveProperty("NCCL_IB_HCA");
  expect(planned.node.NCCL_IB_GID_INDEX).toBe("rdma-gid-index");
});

test("planEnvironment has no adapter variables for emulated GPUs", () => {
  const pool = { name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU };
  expect(machines({ pools: [pool] }).node).not.toHaveProperty("NCCL_IB_HCA");
});

test.each([
  [Fabric.EFA, { FI_PROVIDER: "efa", NCCL_NET: "AWS Libfabric" }],
  [Fabric.ROCE, { NCCL_NET: "IB" }],
  [Fabric.TCP, { NCCL_NET: "Socket" }],
])("planEnvironment pins the network of %j", (fabric, cluster) => {
  expect(machines({ fabric }).cluster).toEqual(cluster);
});

test("planEnvironment gives the node's address to vLLM only", () => {
  const vllm = new CustomServe({ argv: ["vllm", "serve", "m"], servedModel: "m", engineName: "vllm" });
  expect(machines({ engine: vllm }).node).toMatchObject({ VLLM_HOST_IP: "address" });
  expect(machines().node).not.toHaveProperty("VLLM_HOST_IP");
});

test("planEnvironment adds nothing for a pool without accelerators", () => {
  const [pool] = machineProps().pools;
  expect(machines({ pools: [{ name: "head", nodes: 1 }, pool] })).toEqual(machines());
});

test("planEnvironment merges the user's variables by scope, over derived ones and those of the engine", () => {
  const planned = emulated({
    environment: { HCCL_BUFFSIZE: "1024", RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES: "0" },
    driverEnvironment: { LOG: "debug" },
    addressVariables: ["MY_ADDRESS"],
    interfaceVariables: ["HCCL_SOCKET_IFNAME"],
    engine: engine({ environment: { LOG: "info", MODE: "serve" } }),
  });
  expect(planned.cluster).toEqual({
    HCCL_BUFFSIZE: "1024",
    RAY_EXPERIMENTAL_NOSET_ASCEND_RT_VISIBLE_DEVICES: "0",
  });
  expect(planned.node).toMatchObject({ MY_ADDRESS: "address", HCCL_SOCKET_IFNAME: "interface" });
  expect(planned.driver).toEqual({ LOG: "debug", MODE: "serve" });
});

test("planEnvironment leaves out a withdrawn variable and no other", () => {
  const all = emulated({}).node;
  expect(all).toHaveProperty("HCCL_IF_IP");
  const { HCCL_IF_IP, ...others } = all;
  expect(emulated({ withdrawnVariables: ["HCCL_IF_IP"] }).node).toEqual(others);
  expect(HCCL_IF_IP).toBe("address");
});

test("planEnvironment sorts names, whatever the order of the declaration", () => {
  const planned = emulated({ environment: { ZULU: "1", ALPHA: "2" } });
  expect(Object.keys(planned.cluster)).toEqual([...Object.keys(planned.cluster)].sort());
});

test("planEnvironment has no variable of a collective library without one", () => {
  const none = emulated({ pools: [{ name: "cpu", nodes: 2 }] });
  expect(none.cluster).toEqual({});
  expect(none.node).toEqual({ GLOO_SOCKET_IFNAME: "interface", TP_SOCKET_IFNAME: "interface" });
});

test("planEnvironment gives Trainium libfabric's variables and none of NCCL", () => {
  const pools = [{ name: "trn", nodes: 2, accelerator: Accelerator.TRAINIUM }];
  expect(machines({ pools, fabric: Fabric.EFA })).toEqual({
    cluster: { FI_PROVIDER: "efa" },
    node: { GLOO_SOCKET_IFNAME: "interface", TP_SOCKET_IFNAME: "interface" },
    driver: {},
  });
});
