import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { App, TerraformStack } from "cdktf";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AwsBackend } from "../../../lib/aws/cluster/aws-backend";
import { AwsClusterNetwork } from "../../../lib/aws/network/cluster-network";
import type { IClusterNetwork } from "../../../lib/aws/network/network-props";
import { AwsInstanceType } from "../../../lib/aws/pool/instance-type";
import { EmulatedServe } from "../../../lib/engines/emulated/emulated-serve";
import { PlanError } from "../../../lib/problems/plan-error";
import { RayCluster } from "../../../lib/ray-cluster";
import { ContainerImage } from "../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../lib/topology/declaration/fabric";
import { BASE } from "../../support/aws-clusters";

const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-names-"));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

/** A cluster `llama` of two machines in a network. */
function cluster(stack: TerraformStack, network: IClusterNetwork, id = "llama", headAddress?: string): void {
  new RayCluster(stack, id, {
    backend: new AwsBackend({ network, headAddress, maxUsdPerHour: 1000 }),
    pools: [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2)],
    fabric: Fabric.EFA,
    image: ContainerImage.withPythonPackages(ContainerImage.of(BASE), ["ray==2.58.0"]),
    engine: new EmulatedServe(),
  });
}

function stackIn(app: App, name: string, region: string): readonly [TerraformStack, IClusterNetwork] {
  const stack = new TerraformStack(app, name);
  new AwsProvider(stack, "aws", { region });
  return [stack, new AwsClusterNetwork(stack, "network", { availabilityZone: `${region}a` })];
}

/** What AWS refuses to have twice in an account and region: names that hold nothing which apply makes. */
function fixedNames(name: string): string[] {
  const { resource } = JSON.parse(readFileSync(join(outdir, "stacks", name, "cdk.tf.json"), "utf8"));
  return Object.entries<any>(resource).flatMap(([type, resources]) =>
    Object.values<any>(resources)
      .flatMap((one) => [one.name, one.bucket, one.role_name].filter((text) => typeof text === "string"))
      .filter((text) => !text.includes("${"))
      .map((text) => `${type} ${text}`),
  );
}

test("two stacks and two regions with one cluster's id have no physical name in common", () => {
  const app = new App({ outdir });
  const places = [
    ["dev", "us-east-1"],
    ["prod", "us-east-1"],
    ["far", "eu-central-1"],
  ] as const;
  for (const [name, region] of places) {
    cluster(...stackIn(app, name, region));
  }
  app.synth();
  expect(places.flatMap(([name]) => fixedNames(name))).toEqual([]);
});

test("two clusters of one network need two addresses for their heads", () => {
  const two = (address?: string) => () => {
    const app = new App({ outdir });
    const [stack, network] = stackIn(app, "two", "us-east-1");
    cluster(stack, network);
    cluster(stack, network, "other", address);
    app.synth();
  };
  expect(two()).toThrow(PlanError);
  expect(two()).toThrow(/headAddress \[RC480\]/);
  expect(two("10.20.0.11")).not.toThrow();
  expect(fixedNames("two")).toEqual([]);
});
