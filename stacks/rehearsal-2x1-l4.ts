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
  EfsStorage,
  Fabric,
  ModelSource,
  RayCluster,
  VllmServe,
} from "../lib";

/**
 * A rehearsal of the large stacks for less than 3 USD an hour: a small model with vLLM, one pipeline stage on each of two
 * machines with one L4. Roles, endpoints, boot, image, staging and readiness are those of the large stacks; EFA and Lustre
 * are not in it. Zone, reservation and the price that you agree to: see `AwsInputs`.
 */
export class Rehearsal2x1L4 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const inputs = AwsInputs.fromContext(this);
    new AwsProvider(this, "aws", { region: inputs.region });

    const network = new AwsClusterNetwork(this, "network", {
      availabilityZone: inputs.availabilityZone,
      // Hugging Face, AWS's public registry and the index of Python packages have no fixed addresses.
      internetAccess: AwsInternetAccess.NAT,
      egressCidrs: ["0.0.0.0/0"],
    });
    const models = new EfsStorage(this, "models", { network });

    const cluster = new RayCluster(this, id, {
      backend: new AwsBackend({
        network,
        capacity: inputs.capacity,
        maxUsdPerHour: inputs.maxUsdPerHour,
      }),
      pools: [AwsInstanceType.of("g6.2xlarge").nodePool("gpu", 2)],
      // These machines have no EFA.
      fabric: Fabric.TCP,
      image: ContainerImage.withPythonPackages(
        ContainerImage.of("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3"),
        ["ray==2.54.1"],
      ),
      storage: [models],
      model: ModelSource.huggingFace("Qwen/Qwen2.5-7B-Instruct", {
        revision: "a09a35458c702b33eeacc393d103063234e8bc28",
      }),
      acknowledge: { RC094: "a rehearsal is not about speed" },
      engine: new VllmServe({ tensorParallelSize: 1, pipelineParallelSize: 2, maxModelLen: 8192 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
