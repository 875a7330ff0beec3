import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { TerraformOutput, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  AwsBackend,
  AwsClusterNetwork,
  AwsInputs,
  AwsInstanceType,
  AwsInternetAccess,
  ContainerImage,
  Fabric,
  FsxLustreStorage,
  ModelSource,
  RayCluster,
  SecretRef,
  VllmServe,
} from "../lib";

/**
 * Llama 3.1 405B with vLLM on four machines of EC2 with eight H100 and 32 EFA devices each: a tensor-parallel group
 * on each machine, one pipeline stage a machine, the weights on a Lustre file system beside them. Zone, secret,
 * reservation and the price that you agree to: see `AwsInputs`.
 */
export class Vllm405b4x8H100 extends TerraformStack {
  public constructor(scope: Construct, id: string, instanceType = "p5.48xlarge") {
    super(scope, id);
    const inputs = AwsInputs.fromContext(this);
    const machines = AwsInstanceType.of(instanceType);
    new AwsProvider(this, "aws", { region: inputs.region });

    const network = new AwsClusterNetwork(this, "network", {
      availabilityZone: inputs.availabilityZone,
      // Hugging Face, AWS's public registry and the index of Python packages have no fixed addresses.
      internetAccess: AwsInternetAccess.NAT,
      egressCidrs: ["0.0.0.0/0"],
    });
    // Four servers: 2.5 GB/s for each machine, so a machine's part of the weights takes a minute and a half.
    const models = new FsxLustreStorage(this, "models", { network, capacityTiB: 9.6 });

    const cluster = new RayCluster(this, id, {
      backend: new AwsBackend({
        network,
        capacity: inputs.capacity,
        maxUsdPerHour: inputs.maxUsdPerHour,
      }),
      pools: [machines.nodePool("gpu", 4)],
      fabric: Fabric.EFA,
      // AWS's image brings EFA, which vLLM's own lacks, and no Ray. With 2.55 and later its executor is reported to fail.
      image: ContainerImage.withPythonPackages(
        ContainerImage.of("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3"),
        ["ray==2.54.1"],
      ),
      storage: [models],
      model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
        // The commit that MLPerf's inference benchmark pins (mlcommons/inference language/llama3.1-405b).
        revision: "be673f326cab4cd22ccfef76109faf68e41aa5f1",
        token: SecretRef.managed(inputs.modelTokenSecretArn),
      }),
      engine: new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 4, maxModelLen: 16_384 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
