import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { type App, TerraformStack } from "cdktf";
import { AwsBackend } from "../../lib/aws/cluster/aws-backend";
import { AwsInputs } from "../../lib/aws/account/aws-inputs";
import type { AwsBackendProps } from "../../lib/aws/cluster/backend-props";
import { AwsClusterNetwork } from "../../lib/aws/network/cluster-network";
import { FsxLustreStorage, type FsxLustreStorageProps } from "../../lib/aws/storage/fsx-lustre-storage";
import { AwsInstanceType } from "../../lib/aws/pool/instance-type";
import { VllmServe } from "../../lib/engines/vllm/vllm-serve";
import { RayCluster, type RayClusterProps } from "../../lib/ray-cluster";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { Fabric } from "../../lib/topology/declaration/fabric";
import { ModelSource } from "../../lib/topology/values/model-source";
import { SecretRef } from "../../lib/topology/values/secret-ref";
import { Synthesized } from "./synth";

/** What a test changes of the cluster below. */
export interface AwsClusterChange {
  readonly backend?: Partial<AwsBackendProps>;
  readonly cluster?: Partial<RayClusterProps>;
  readonly lustre?: Partial<FsxLustreStorageProps>;
  /** What `cdktf.json` has for the stack. */
  readonly context?: { readonly [name: string]: unknown };
  /** Makes the provider, with the region of the inputs. */
  readonly provider?: (stack: TerraformStack, region: string) => void;
}

/** AWS's build of vLLM: with the libraries of EFA, without Ray. */
export const BASE = "public.ecr.aws/deep-learning-containers/vllm:0.27.1-gpu-py312-ec2";

/** All inputs of the stack. */
export const CONTEXT = {
  region: "us-east-1",
  availabilityZone: "us-east-1a",
  modelTokenSecretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:hf-token-AbCdEf",
  maxUsdPerHour: 250,
};

/** Four p5.48xlarge with EFA and Lustre that serve a gated model of 405B. Stack and cluster are called `llama`. */
export function awsCluster(change: AwsClusterChange = {}): Synthesized {
  return Synthesized.app((app) => {
    buildAwsCluster(app, change);
  }, "llama");
}

export function buildAwsCluster(app: App, change: AwsClusterChange): RayCluster {
  app.node.setContext("aws", { llama: change.context ?? CONTEXT });
  const stack = new TerraformStack(app, "llama");
  const inputs = AwsInputs.fromContext(stack);
  const provider =
    change.provider ??
    ((scope: TerraformStack, region: string) => {
      new AwsProvider(scope, "aws", { region });
    });
  provider(stack, inputs.region);
  const network = new AwsClusterNetwork(stack, "net", { availabilityZone: inputs.availabilityZone });
  const models = new FsxLustreStorage(stack, "models", { network, capacityTiB: 9.6, ...change.lustre });
  const machines = AwsInstanceType.of("p5.48xlarge");
  return new RayCluster(stack, "llama", {
    backend: new AwsBackend({
      network,
      capacity: inputs.capacity,
      maxUsdPerHour: inputs.maxUsdPerHour,
      ...change.backend,
    }),
    pools: [machines.nodePool("gpu", 4)],
    fabric: Fabric.EFA,
    image: ContainerImage.withPythonPackages(ContainerImage.of(BASE), ["ray==2.58.0"]),
    storage: [models],
    model: ModelSource.huggingFace("meta-llama/Llama-3.1-405B-Instruct", {
      revision: "0123456789abcdef0123456789abcdef01234567",
      token: SecretRef.managed(inputs.modelTokenSecretArn),
    }),
    engine: new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 4 }),
    ...change.cluster,
  });
}
