import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { Accelerator, Fabric, LocalBackend, RayCluster, VllmExecutor, VllmServe } from "../lib";
import { vllmCpuImage } from "../tools/images/vllm-cpu-image";

/**
 * Real vLLM on CPUs, one rank on each of two nodes, as containers on this machine: each layer of the model is cut in
 * two, and every token crosses from one container to the other.
 */
export class VllmCpu2x1 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr: "10.89.68.0/24", apiPort: 8002, sharedMemoryMiB: 1024 }),
      pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU, acceleratorsPerNode: 1 }],
      fabric: Fabric.TCP,
      image: vllmCpuImage(),
      engine: new VllmServe({
        modelPath: "/models/tiny-llama",
        executor: VllmExecutor.MP,
        tensorParallelSize: 2,
        maxModelLen: 256,
      }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
