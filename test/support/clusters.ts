import { EmulatedServe } from "../../lib/engines/emulated/emulated-serve";
import { Accelerator } from "../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { Fabric } from "../../lib/topology/declaration/fabric";
import type { Place } from "../../lib/topology/plan/place";

/** The cluster of `test/fixtures/node.json`: two nodes of eight emulated NPUs. */
export function emulatedProps(change: Partial<ClusterProps> = {}): ClusterProps {
  return {
    name: "local-2x8",
    pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: ContainerImage.of("ray-emulation:2.58.0", { rayVersion: "2.58.0" }),
    engine: new EmulatedServe(),
    // Without effect on a Ray that can authenticate.
    allowUnauthenticatedRay: "a test",
    ...change,
  };
}

/** Containers on one machine, as the local backend plans them. */
export function localPlace(change: Partial<Place> = {}): Place {
  return {
    backend: "local",
    subnetCidr: "10.89.28.0/24",
    addresses: { npu: ["10.89.28.10", "10.89.28.11"] },
    networkMode: "bridge",
    closedBy: "a bridge",
    emulated: true,
    cpusPerNode: 1,
    objectStoreMiB: 100,
    ...change,
  };
}

/** Four machines of eight H100 with InfiniBand. */
export function machineProps(change: Partial<ClusterProps> = {}): ClusterProps {
  return {
    name: "llama-405b",
    pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100 }],
    fabric: Fabric.INFINIBAND,
    image: ContainerImage.of(`registry.example/vllm@sha256:${"0123456789abcdef".repeat(4)}`, {
      rayVersion: "2.58.0",
      pythonVersion: "3.12.7",
    }),
    engine: new EmulatedServe(),
    // Without effect on a Ray that can authenticate.
    allowUnauthenticatedRay: "a test",
    ...change,
  };
}

/** Machines that exist already, with addresses as their owner states them. */
export function hostsPlace(change: Partial<Place> = {}): Place {
  return {
    backend: "hosts",
    subnetCidr: "10.20.0.0/16",
    addresses: { gpu: ["10.20.0.1", "10.20.0.2", "10.20.7.3", "10.20.7.4"] },
    networkMode: "host",
    closedBy: "a packet filter",
    emulated: false,
    ...change,
  };
}
