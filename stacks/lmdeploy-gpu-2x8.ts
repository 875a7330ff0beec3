import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  Fabric,
  HostPathStorage,
  HostsBackend,
  LmdeployServe,
  Model,
  ModelSource,
  RayCluster,
} from "../lib";

/**
 * LMDeploy's PyTorch engine over two servers with eight A100 each, as one tensor-parallel group of 16. The
 * machines stand in `inventories/lmdeploy-gpu-2x8.yaml`; the model lies in the same folder on each of them.
 */
export class LmdeployGpu2x8 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.A100_80GB, acceleratorsPerNode: 8 }],
      fabric: Fabric.INFINIBAND,
      // Its Ray is the newest of the day on which it was built: a node that finds another one says so.
      image: ContainerImage.of("openmmlab/lmdeploy:v0.18.0-cu12.8", { rayVersion: "2.58.0" }),
      storage: [HostPathStorage.perNode("/data/models")],
      model: ModelSource.path("/models/Qwen2.5-72B-Instruct", { model: Model.QWEN2_5_72B }),
      engine: new LmdeployServe({ sessionLength: 32_768 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
