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
 * LMDeploy's PyTorch engine over two Atlas 800T A2 with eight NPUs each, as one tensor-parallel group of 16,
 * eagerly. With `dataParallelSize: 2` it is a replica of eight on each machine, behind LMDeploy's proxy on the head: then no
 * attention layer waits for the network between the machines. They stand in `inventories/lmdeploy-ascend-2x8.yaml`.
 */
export class LmdeployAscend2x8 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode: 8 }],
      fabric: Fabric.ROCE,
      // The makers publish moving tags only: name a digest once you have pulled one that works.
      image: ContainerImage.of(
        "crpi-4crprmm5baj1v8iv.cn-hangzhou.personal.cr.aliyuncs.com/lmdeploy_dlinfer/ascend:a2-latest",
        { rayVersion: "2.58.0", allowFloatingTag: true },
      ),
      storage: [HostPathStorage.perNode("/data/models")],
      model: ModelSource.path("/models/Qwen2.5-72B-Instruct", { model: Model.QWEN2_5_72B }),
      engine: new LmdeployServe({ sessionLength: 32_768 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
