import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  Fabric,
  HostPathStorage,
  HostsBackend,
  Model,
  ModelSource,
  RayCluster,
  VllmServe,
} from "../lib";

/**
 * vLLM over two Atlas 800T A2 with eight NPUs each: a tensor-parallel group on each node, one pipeline stage
 * a node. The machines stand in `inventories/vllm-ascend-2x8.yaml`.
 */
export class VllmAscend2x8 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.ASCEND_910B_64GB, acceleratorsPerNode: 8 }],
      fabric: Fabric.ROCE,
      image: ContainerImage.of("quay.io/ascend/vllm-ascend:v0.23.0", { rayVersion: "2.48.0" }),
      allowUnauthenticatedRay: "vllm-ascend 0.23 holds Ray 2.48",
      storage: [HostPathStorage.perNode("/data/models")],
      model: ModelSource.path("/models/Qwen3-235B-A22B", { model: Model.QWEN3_235B_A22B }),
      engine: new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 2, maxModelLen: 16_384 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
