import fixture from "../../../fixtures/staging.json";
import { nodeConfig } from "../../../../lib/runtime/node-config/node-config";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { planCluster } from "../../../../lib/topology/planner";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const TOKEN = SecretRef.hostFile("/root/hf-token");
const GATED = ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
  revision: "0123456789abcdef0123456789abcdef01234567",
  token: TOKEN,
});
const BUCKET = ModelSource.s3("s3://bucket/llama", { index: SecretRef.hostFile("/root/index.json") });
const SHARED = [HostPathStorage.shared("/mnt/models")];

const planOf = (change: Partial<ClusterProps>) => planCluster(emulatedProps(change), localPlace());
const stagingOf = (change: Partial<ClusterProps>, index = 0) => {
  const plan = planOf(change);
  return nodeConfig(plan, plan.nodes[index]).staging;
};
const mountsOf = (change: Partial<ClusterProps>, index = 0) => {
  const plan = planOf(change);
  return containerSpec(plan, plan.nodes[index]).mounts;
};

// The same file is read by the tests of the node program.
test.each<[keyof typeof fixture, Partial<ClusterProps>, number]>([
  ["hub, the head", { model: GATED }, 0],
  ["hub, a worker", { model: GATED }, 1],
  ["object store", { model: BUCKET, storage: SHARED }, 1],
  ["in place", { model: ModelSource.path("/models/llama"), storage: SHARED }, 0],
])("%s equals the example of the node program's tests", (name, change, index) => {
  expect(stagingOf(change, index)).toEqual(fixture[name]);
});

test("a cluster without a model has no staging", () => {
  expect(stagingOf({})).toBeNull();
});

test("every node has the storage, and none the secret of the source", () => {
  const own = { source: "/var/lib/ray-cluster/models", target: "/models", readOnly: false, isPerNode: true };
  expect(mountsOf({ model: GATED }, 0)).toEqual([own]);
  expect(mountsOf({ model: GATED }, 1)).toEqual([own]);
});

test("nodes without accelerators have the storage, but not the mounts of accelerators", () => {
  const npu = { name: "npu", nodes: 1, accelerator: Accelerator.ASCEND_910B_64GB };
  const plan = planCluster(
    machineProps({
      pools: [{ name: "head", nodes: 1 }, npu],
      fabric: Fabric.ROCE,
      storage: SHARED,
      model: BUCKET,
    }),
    hostsPlace({ addresses: { head: ["10.20.0.1"], npu: ["10.20.0.2"] } }),
  );
  const storage = { source: "/mnt/models", target: "/models", readOnly: false, isPerNode: false };
  const [head, worker] = plan.nodes.map((node) => containerSpec(plan, node).mounts);
  expect(head).toEqual([storage]);
  expect(worker).toContainEqual(storage);
  expect(worker.length).toBeGreaterThan(1);
});
