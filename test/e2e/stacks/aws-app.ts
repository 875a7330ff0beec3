import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import {
  AwsBackend,
  AwsClusterNetwork,
  AwsInputs,
  AwsInstanceType,
  AwsInternetAccess,
  ContainerImage,
  EfsStorage,
  EmulatedServe,
  Fabric,
  FsxLustreStorage,
  ModelSource,
  RayCluster,
  SecretRef,
} from "../../../lib";

/** What a test says of the one stack. */
export interface AwsAppProps {
  readonly name: string;
  /** Address of the emulated region. */
  readonly endpoint: string;
  /** First three numbers of the network in which its machines are. */
  readonly subnet: string;
  readonly nodes: number;
  readonly image: string;
  readonly rayVersion: string;
  readonly model: { readonly endpoint: string; readonly repository: string; readonly revision: string };
  /** Name under which the API serves the model. */
  readonly servedModel: string;
}

/** Services of the emulated region; all have one address. */
const SERVICES = [
  ...["autoscaling", "cloudformation", "ec2", "efs", "fsx", "iam", "kms", "logs", "s3"],
  ...["secretsmanager", "servicequotas", "ssm", "sts"],
];

/** Machines of eight H100 with a shared file system, with short deadlines. */
const { name, endpoint, subnet, nodes, image, rayVersion, model, servedModel } = JSON.parse(
  process.env.E2E_AWS ?? "",
) as AwsAppProps;

const app = new App();
const stack = new TerraformStack(app, name);
const inputs = AwsInputs.fromContext(stack);
new AwsProvider(stack, "aws", {
  region: inputs.region,
  // They open nothing: the emulator lets everybody in who is no machine.
  accessKey: "emulated",
  secretKey: "emulated",
  maxRetries: 3,
  skipMetadataApiCheck: "true",
  s3UsePathStyle: true,
  endpoints: [Object.fromEntries(SERVICES.map((service) => [service, endpoint]))],
});
const network = new AwsClusterNetwork(stack, `${name}-network`, {
  availabilityZone: inputs.availabilityZone,
  vpcCidr: `${subnet}.0/24`,
  subnetCidr: `${subnet}.0/25`,
  natSubnetCidr: `${subnet}.240/28`,
  internetAccess: AwsInternetAccess.NAT,
  egressCidrs: ["0.0.0.0/0"],
});
// No kernel here mounts it: it is made, and never changes.
new FsxLustreStorage(stack, "scratch", {
  network,
  capacityTiB: 4.8,
  dataRepositoryUri: "s3://weights/llama",
});
const models = new EfsStorage(stack, "models", { network });
const machines = AwsInstanceType.of("p5.48xlarge");
const cluster = new RayCluster(stack, name, {
  backend: new AwsBackend({
    network,
    maxUsdPerHour: inputs.maxUsdPerHour,
    bootTimeoutSeconds: 300,
    onFailure: "stop",
    objectStoreMiB: 100,
    sharedMemoryMiB: 256,
  }),
  pools: [machines.nodePool("gpu", nodes)],
  fabric: Fabric.EFA,
  storage: [models],
  model: ModelSource.huggingFace(model.repository, {
    revision: model.revision,
    endpoint: model.endpoint,
    token: SecretRef.managed(inputs.modelTokenSecretArn),
  }),
  image: ContainerImage.of(image, { rayVersion }),
  engine: new EmulatedServe({ servedModel }),
  headTimeoutSeconds: 60,
  membershipTimeoutSeconds: 120,
  stagingTimeoutSeconds: 120,
  engineTimeoutSeconds: 120,
  completionTimeoutSeconds: 60,
  stopTimeoutSeconds: 10,
});
new TerraformOutput(stack, "endpoint", { value: cluster.endpoint });
app.synth();
