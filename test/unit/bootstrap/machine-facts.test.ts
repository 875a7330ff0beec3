import { readFileSync } from "node:fs";
import { machineFacts } from "../../../lib/bootstrap/machine-facts";
import { MINIMUM_DOCKER } from "../../../lib/catalog/docker-versions";
import { imageGiB } from "../../../lib/catalog/image-sizes";
import { containerSpec } from "../../../lib/runtime/container-spec/make-container-spec";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import type { ClusterProps } from "../../../lib/topology/declaration/cluster-props";
import { planCluster } from "../../../lib/topology/planner";
import { hostsPlace, machineProps } from "../../support/clusters";

const VLLM = ContainerImage.of("vllm/vllm-openai:v0.33.0", { rayVersion: "2.54.1" });

function factsOf(change: Partial<ClusterProps> = {}): readonly string[] {
  const plan = planCluster({ ...machineProps(), ...change }, hostsPlace());
  return machineFacts(plan, containerSpec(plan, plan.nodes[0]));
}

it("machineFacts of NVIDIA's machines names engine, image with its size, runtime, driver and network", () => {
  expect(factsOf({ image: VLLM })).toEqual([
    "docker 20.10.10",
    "image vllm/vllm-openai:v0.33.0 27",
    "runtime nvidia",
    "driver nvidia",
    "network 10.20.0.0/16",
  ]);
});

it("machineFacts of a single machine has no network that a firewall should let in", () => {
  const [pool] = machineProps().pools;
  const place = hostsPlace({ addresses: { gpu: ["10.20.0.1"] } });
  const plan = planCluster({ ...machineProps(), pools: [{ ...pool, nodes: 1 }] }, place);
  const facts = machineFacts(plan, containerSpec(plan, plan.nodes[0]));
  expect(facts.filter((fact) => fact.startsWith("network "))).toEqual([]);
});

it("machineFacts of an image whose size is not known names it without one", () => {
  const image = ContainerImage.of("example.com/own/vllm:1", { rayVersion: "2.54.1" });
  expect(factsOf({ image })[1]).toBe("image example.com/own/vllm:1");
});

it("machineFacts of a derived image names the base, which is pulled", () => {
  const image = ContainerImage.withPythonPackages(VLLM, ["ray==2.54.1"]);
  expect(factsOf({ image })[1]).toBe("image vllm/vllm-openai:v0.33.0 27");
});

it("machineFacts with tolerated checks leaves out what would fail", () => {
  expect(factsOf({ image: VLLM, toleratedChecks: ["docker version", "image disk"] }).slice(0, 2)).toEqual([
    "docker any",
    "image vllm/vllm-openai:v0.33.0",
  ]);
});

it("check-machine.sh without a fact of the engine has the catalogue's minimum", () => {
  const script = readFileSync("lib/bootstrap/rootfs/usr/local/lib/ray-cluster/check-machine.sh", "utf8");
  expect(script).toContain(`\ndocker_minimum=${MINIMUM_DOCKER}\n`);
});

it.each([
  ["vllm/vllm-openai", 27],
  ["vllm/vllm-openai:v0.33.0", 27],
  ["docker.io/vllm/vllm-openai:v0.33.0@sha256:" + "0".repeat(64), 27],
  ["registry.example:5000/vllm/vllm-openai:v0.33.0", undefined],
  ["vllm/vllm-openai-cpu:v0.33.0", undefined],
])("imageGiB of %s is %s", (reference, expected) => {
  expect(imageGiB(reference)).toBe(expected);
});
