import { readFileSync } from "node:fs";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { Accelerator, Fabric, LocalBackend, RayCluster, VllmServe, type VllmServeProps } from "../../../lib";
import { vllmCpuImage } from "../../../tools/images/vllm-cpu-image";

export interface VllmClusterProps {
  readonly subnetCidr: string;
  readonly apiPort: number;
  /** How vLLM is spread; everything else is the same for every cut. */
  readonly cut: Pick<VllmServeProps, "executor" | "tensorParallelSize" | "pipelineParallelSize">;
}

/** Real vLLM on two nodes of one rank, by nothing but the public API. */
class VllmCluster extends TerraformStack {
  public constructor(scope: Construct, id: string, props: VllmClusterProps) {
    super(scope, id);
    const { subnetCidr, apiPort, cut } = props;
    const cluster = new RayCluster(this, id, {
      backend: new LocalBackend({ subnetCidr, apiPort, sharedMemoryMiB: 1024 }),
      pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.EMULATED_GPU, acceleratorsPerNode: 1 }],
      fabric: Fabric.TCP,
      image: vllmCpuImage(),
      engine: new VllmServe({ modelPath: "/models/tiny-llama", maxModelLen: 256, ...cut }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}

/** Name and properties of the one stack, as the test writes them into the project's folder before each deploy. */
const { name, ...props } = JSON.parse(readFileSync("cluster.json", "utf8")) as VllmClusterProps & {
  name: string;
};

const app = new App();
new VllmCluster(app, name, props);
app.synth();
