import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, TerraformOutput, TerraformStack } from "cdktf";
import { AwsBackend } from "../../../lib/aws/cluster/aws-backend";
import { AwsClusterNetwork } from "../../../lib/aws/network/cluster-network";
import { AwsInstanceType } from "../../../lib/aws/pool/instance-type";
import { AwsNodePool } from "../../../lib/aws/pool/node-pool";
import { FsxLustreStorage } from "../../../lib/aws/storage/fsx-lustre-storage";
import { EmulatedServe } from "../../../lib/engines/emulated/emulated-serve";
import { PlanError } from "../../../lib/problems/plan-error";
import { RayCluster } from "../../../lib/ray-cluster";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";

const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-one-error-"));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

const IMAGE = ContainerImage.of(
  `111122223333.dkr.ecr.us-east-1.amazonaws.com/vllm@sha256:${"0123456789abcdef".repeat(4)}`,
  { rayVersion: "2.58.0" },
);

test("mistakes in a network, a storage, a pool and a cluster end one synth with one error", () => {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, "aws");
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  const network = new AwsClusterNetwork(stack, "net", {
    availabilityZone: "us-east-1",
    subnetCidr: "10.99.0.0/20",
  });
  const models = new FsxLustreStorage(stack, "models", { network, capacityTiB: 5 });
  const typo = AwsInstanceType.of("p5.48xlarg");
  const pool = new AwsNodePool(stack, "spare", {
    network,
    instanceType: typo.name,
    nodes: 2,
    fabric: Fabric.EFA,
  });
  const cluster = new RayCluster(stack, "Llama", {
    backend: new AwsBackend({ network, maxUsdPerHour: 1000 }),
    pools: [{ ...AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 0) }],
    fabric: Fabric.EFA,
    storage: [models],
    image: IMAGE,
    engine: new EmulatedServe(),
  });
  // What a stack does with its constructs works as well as without mistakes.
  new TerraformOutput(stack, "endpoint", { value: cluster.endpoint });
  new TerraformOutput(stack, "group", { value: pool.autoScalingGroupName ?? "" });
  new TerraformOutput(stack, "subnet", { value: network.subnetId });

  let caught: unknown;
  try {
    app.synth();
  } catch (error) {
    caught = error;
  }
  expect(caught).toBeInstanceOf(PlanError);
  expect(
    (caught as PlanError).problems.map(({ construct, path, rule }) => `${construct} ${path} ${rule}`),
  ).toEqual([
    "aws/net availabilityZone RC446",
    "aws/net subnetCidr RC441",
    "aws/models capacityTiB RC460",
    "aws/spare instanceType RC400",
    "aws/Llama name RC001",
    "aws/Llama pools[0].nodes RC011",
  ]);
  expect((caught as Error).message.split("\n")).toHaveLength(7);
  expect(readdirSync(outdir, { recursive: true }).filter((file) => String(file).endsWith(".json"))).toEqual(
    [],
  );
});

test("a mistyped machine type of a cluster is one problem, with the type that was likely meant", () => {
  const app = new App({ outdir });
  const stack = new TerraformStack(app, "aws");
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  new RayCluster(stack, "llama", {
    backend: new AwsBackend({
      network: new AwsClusterNetwork(stack, "net", { availabilityZone: "us-east-1a" }),
      maxUsdPerHour: 1000,
    }),
    pools: [AwsInstanceType.of("p5.48xlarg").nodePool("gpu", 4)],
    fabric: Fabric.EFA,
    image: IMAGE,
    engine: new EmulatedServe(),
  });
  expect(() => {
    app.synth();
  }).toThrow(
    "1 problem in 1 place; nothing was written\n" +
      "  aws/llama pools[0].machineType [RC400]: got 'p5.48xlarg', but must be an instance type of the catalogue, or one of instanceTypes. " +
      "Did you mean 'p5.48xlarge'?",
  );
});
