import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  Accelerator,
  ContainerImage,
  Fabric,
  HostPathStorage,
  HostsBackend,
  ModelSource,
  RayCluster,
  SecretRef,
  VllmServe,
} from "../lib";

/**
 * Llama 3.1 405B with vLLM on a one-click cluster of four machines with eight H100 each: a tensor-parallel
 * group on each node, one pipeline stage a node. The machines stand in
 * `inventories/vllm-405b-lambda-4x8-h100.yaml`, the weights on storage that all of them share.
 */
export class Vllm405bLambda4x8H100 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const cluster = new RayCluster(this, id, {
      backend: HostsBackend.fromContext(this),
      pools: [{ name: "gpu", nodes: 4, accelerator: Accelerator.H100, acceleratorsPerNode: 8 }],
      fabric: Fabric.INFINIBAND,
      // vLLM's own image holds no Ray any more. With 2.55 and later its executor is reported to fail.
      image: ContainerImage.withPythonPackages(ContainerImage.of("vllm/vllm-openai:v0.33.0"), [
        "ray==2.54.1",
      ]),
      storage: [HostPathStorage.shared("/home/ubuntu/shared/models")],
      model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
        // The commit that MLPerf's inference benchmark pins (mlcommons/inference language/llama3.1-405b).
        revision: "be673f326cab4cd22ccfef76109faf68e41aa5f1",
        token: SecretRef.hostFile("/root/.config/ray-cluster/hf-token"),
      }),
      engine: new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 4, maxModelLen: 16_384 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
