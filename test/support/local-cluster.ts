import type { Construct } from "constructs";
import { LocalBackend } from "../../lib/docker/local/local-backend";
import { EmulatedServe } from "../../lib/engines/emulated/emulated-serve";
import { RayCluster, type RayClusterProps } from "../../lib/ray-cluster";
import { Accelerator } from "../../lib/topology/declaration/accelerator";
import { Fabric } from "../../lib/topology/declaration/fabric";

/** Two emulated nodes with two accelerators each on this machine. */
export function localCluster(
  scope: Construct,
  change: Partial<RayClusterProps> = {},
  name = "c1",
): RayCluster {
  return new RayCluster(scope, name, {
    backend: new LocalBackend(),
    pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 }],
    fabric: Fabric.TCP,
    image: LocalBackend.emulationImage(),
    engine: new EmulatedServe(),
    ...change,
  });
}
