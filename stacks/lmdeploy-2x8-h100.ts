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
  LmdeployServe,
  ModelSource,
  RayCluster,
} from "../lib";

/**
 * LMDeploy's PyTorch engine over two machines of EC2 with eight H100 and 32 EFA devices each, as one tensor-parallel
 * group of 16. Zone, reservation and the price that you agree to: see `AwsInputs`.
 */
export class Lmdeploy2x8H100 extends TerraformStack {
  public constructor(scope: Construct, id: string) {
    super(scope, id);
    const inputs = AwsInputs.fromContext(this);
    const machines = AwsInstanceType.of("p5.48xlarge");
    new AwsProvider(this, "aws", { region: inputs.region });

    const network = new AwsClusterNetwork(this, "network", {
      availabilityZone: inputs.availabilityZone,
      // Hugging Face, AWS's public registry and the index of Python packages have no fixed addresses.
      internetAccess: AwsInternetAccess.NAT,
      egressCidrs: ["0.0.0.0/0"],
    });
    // 145 GB of weights are small enough for NFS: five minutes for each machine.
    const models = new EfsStorage(this, "models", { network });

    const cluster = new RayCluster(this, id, {
      backend: new AwsBackend({
        network,
        capacity: inputs.capacity,
        maxUsdPerHour: inputs.maxUsdPerHour,
      }),
      pools: [machines.nodePool("gpu", 2)],
      fabric: Fabric.EFA,
      // LMDeploy's own images lack EFA. AWS's image for PyTorch has it, with a torch that LMDeploy accepts; where another
      // package of it does not fit, the build on the machines fails and says which.
      image: ContainerImage.withPythonPackages(
        ContainerImage.of(
          "public.ecr.aws/deep-learning-containers/pytorch-training:2.8.0-gpu-py312-cu129-ubuntu22.04-ec2-v1.0",
          { pythonVersion: "3.12" },
        ),
        ["lmdeploy==0.18.0", "ray==2.58.0"],
      ),
      storage: [models],
      model: ModelSource.huggingFace("Qwen/Qwen2.5-72B-Instruct", {
        revision: "495f39366efef23836d0cfae4fbe635880d2be31",
      }),
      engine: new LmdeployServe({ sessionLength: 32_768 }),
    });
    new TerraformOutput(this, "endpoint", { value: cluster.endpoint });
  }
}
