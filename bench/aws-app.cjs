/** `aws-app.cjs <nodes>`: a cluster on EC2 with so many machines; without a number: the stacks of this repository. */
const { join } = require("node:path");

const DIST = join(__dirname, "../dist");
const { App, TerraformStack } = require("cdktf");

const app = new App();
const nodes = Number(process.argv[2]);
if (nodes > 0) {
  cluster(new TerraformStack(app, "cluster"));
} else {
  for (const [name, file, Stack] of [
    ["lmdeploy-2x8-h100", "lmdeploy-2x8-h100", "Lmdeploy2x8H100"],
    ["vllm-405b-4x8-b300", "vllm-405b-4x8-b300", "Vllm405b4x8B300"],
    ["vllm-405b-4x8-h100", "vllm-405b-4x8-h100", "Vllm405b4x8H100"],
  ]) {
    new (require(join(DIST, "stacks", file))[Stack])(app, name);
  }
}
app.synth();

function cluster(stack) {
  const lib = require(join(DIST, "lib"));
  const { AwsProvider } = require("@cdktf/provider-aws/lib/provider");
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  const machines = lib.AwsInstanceType.of("p5.48xlarge");
  const network = new lib.AwsClusterNetwork(stack, "network", { availabilityZone: "us-east-1a" });
  new lib.RayCluster(stack, "cluster", {
    backend: new lib.AwsBackend({ network, maxUsdPerHour: 60 * nodes }),
    pools: [machines.nodePool("gpu", nodes)],
    fabric: lib.Fabric.EFA,
    image: lib.ContainerImage.of("111122223333.dkr.ecr.us-east-1.amazonaws.com/ray:2.54.1", {
      rayVersion: "2.54.1",
    }),
    engine: new lib.RayOnly(),
  });
}
