import { readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, TerraformResource, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import {
  AwsBackend,
  AwsClusterNetwork,
  AwsInstanceType,
  AwsNodePool,
  ContainerImage,
  CustomServe,
  EfsStorage,
  Fabric,
  FsxLustreStorage,
  RayCluster,
} from "../../../lib";

const README = join(__dirname, "../../../lib/aws/README.md");
const ROW = /^\| `(\w+)` \| `([\w/-]+)` \| `(\w+)`/gm;

/** Construct, path in it, and resource or class of each row of the table. */
const ROWS = [...readFileSync(README, "utf8").matchAll(ROW)].map(([, owner, path, kind]) => [
  owner,
  path,
  kind,
]);

function constructs(): readonly Construct[] {
  const stack = new TerraformStack(new App(), "test");
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  const network = new AwsClusterNetwork(stack, "net", { availabilityZone: "us-east-1a" });
  const storage = [new FsxLustreStorage(stack, "lustre", { network, capacityTiB: 2.4 })];
  new EfsStorage(stack, "small", { network });
  new RayCluster(stack, "llama", {
    backend: new AwsBackend({ network, maxUsdPerHour: 300, clientCidrs: ["10.0.0.0/8"] }),
    pools: [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2)],
    fabric: Fabric.EFA,
    storage,
    image: ContainerImage.withPythonPackages(
      ContainerImage.of("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3"),
      ["ray==2.54.1"],
    ),
    engine: new CustomServe({ argv: ["my-server"], servedModel: "m" }),
  });
  return stack.node.findAll() as Construct[];
}

describe("the table of construct ids", () => {
  const all = constructs();

  it("has the constructs that give away what they made", () => {
    const owners = [AwsClusterNetwork, AwsNodePool, EfsStorage, FsxLustreStorage, RayCluster];
    expect([...new Set(ROWS.map(([owner]) => owner))].sort()).toEqual(owners.map(({ name }) => name).sort());
  });

  it.each(ROWS)("%s: %s is %s", (owner, path, kind) => {
    const parent = all.find((construct) => construct.constructor.name === owner);
    const found = path
      .split("/")
      .reduce((node, id) => node?.node.tryFindChild(id) as Construct | undefined, parent);
    const isResource = found !== undefined && TerraformResource.isTerraformResource(found);
    expect(isResource ? found.terraformResourceType : found?.constructor.name).toBe(kind);
  });
});
