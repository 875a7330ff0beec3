import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { S3StagedStorage } from "../../../lib/aws/storage/s3-staged-storage";
import { AwsClusterNetwork } from "../../../lib/aws/network/cluster-network";
import { AwsNodePool } from "../../../lib/aws/pool/node-pool";
import { EfsStorage, NfsStorage } from "../../../lib/aws/storage/nfs-storage";
import { FsxLustreStorage } from "../../../lib/aws/storage/fsx-lustre-storage";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { examplesOf } from "../../support/examples";
import { runExample } from "../../support/run-example";
import { Synthesized } from "../../support/synth";

/** Of everything of AWS in a stack, by the provider that makes or reads it: the construct ids. */
function madeBy({ json }: Synthesized): { readonly [provider: string]: readonly string[] } {
  const found: { [provider: string]: string[] } = {};
  for (const kinds of [json.resource, json.data]) {
    for (const [type, items] of Object.entries<object>(kinds).filter(([name]) => name.startsWith("aws_"))) {
      for (const [id, item] of Object.entries<{ readonly provider?: string }>(items as never)) {
        (found[item.provider ?? "default"] ??= []).push(`${type}.${id}`);
      }
    }
  }
  return found;
}

describe("the provider of a network", () => {
  it("makes and reads all that is in it, in one stack with another region", () => {
    const [code] = examplesOf("docs/importing.md").flatMap((example) =>
      example.code.includes("alias: region") ? [example.code] : [],
    );
    const stack = Synthesized.of((scope) => {
      runExample(code, scope);
    });
    stack.remove();
    const found = madeBy(stack);
    expect(Object.keys(found).sort()).toEqual(["aws.eu-west-1", "aws.us-east-1"]);
    expect(found["aws.eu-west-1"].length).toBeGreaterThan(60);
    expect(found["aws.eu-west-1"]).toHaveLength(found["aws.us-east-1"].length);
    const foreign = found["aws.eu-west-1"].filter((id) => id.includes("us-east-1"));
    expect(foreign).toEqual([]);
  });

  it("makes what is alone in an existing network", () => {
    const stack = Synthesized.of((scope) => {
      const provider = new AwsProvider(scope, "aws", { region: "eu-west-1", alias: "eu" });
      const network = AwsClusterNetwork.fromExisting(scope, "net", {
        vpcId: "vpc-1",
        subnetId: "subnet-1",
        subnetCidr: "10.0.32.0/20",
        availabilityZone: "eu-west-1a",
        egressCidrs: ["0.0.0.0/0"],
        provider,
      });
      new EfsStorage(scope, "efs", { network });
      new FsxLustreStorage(scope, "fsx", { network, capacityTiB: 2.4 });
      new NfsStorage(scope, "nfs", { server: "a", exportPath: "/", network, serverCidr: "10.0.0.7/32" });
      new S3StagedStorage(scope, "s3", { uri: "s3://models/llama/", provider });
      new AwsNodePool(scope, "gpu", { network, instanceType: "p5.48xlarge", nodes: 2, fabric: Fabric.EFA });
    });
    stack.remove();
    expect(Object.keys(madeBy(stack))).toEqual(["aws.eu"]);
  });
});
