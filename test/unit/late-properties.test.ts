import { join } from "node:path";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { type TerraformStack, TerraformVariable } from "cdktf";
import {
  Accelerator,
  AwsBackend,
  AwsClusterNetwork,
  AwsInstanceType,
  AwsNodePool,
  CloudInitBackend,
  ContainerImage,
  CustomServe,
  EfsStorage,
  EmulatedServe,
  Fabric,
  FsxLustreStorage,
  HostsBackend,
  LmdeployServe,
  LocalBackend,
  ModelSource,
  PlanError,
  RayCluster,
  type RayClusterProps,
  RollPipeline,
  VllmServe,
} from "../../lib";
import { isLate } from "../../lib/problems/late-values";
import { expectGolden } from "../support/golden";
import { localCluster } from "../support/local-cluster";
import { type PropertyKind, publicProperties } from "../support/public-properties";
import { Synthesized } from "../support/synth";

/** A change of one property, whose value is known only at apply. */
interface Late {
  readonly [property: string]: unknown;
}

const MODEL = { model: "Qwen/Qwen2.5-1.5B-Instruct", revision: "989aa7980e4cf806f80c7fef2b1adb7bc71aa306" };
const derived = (base: string) => ContainerImage.withPythonPackages(ContainerImage.of(base), ["ray==2.54.1"]);
const hosts = [1, 2].map((number) => ({
  name: `h${number}`,
  sshHost: `10.1.0.${number}`,
  address: `10.0.0.${number}`,
}));

function cluster(stack: TerraformStack, change: Partial<RayClusterProps> = {}): void {
  new RayCluster(stack, "c", {
    backend: new CloudInitBackend({ subnetCidr: "10.0.0.0/24", headAddress: "10.0.0.10" }),
    pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: derived("vllm/vllm-openai:v0.33.0"),
    engine: new VllmServe(),
    model: ModelSource.huggingFace(MODEL.model, { revision: MODEL.revision }),
    ...change,
  });
}

function network(stack: TerraformStack, change: Late = {}): AwsClusterNetwork {
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  return new AwsClusterNetwork(stack, "net", { availabilityZone: "us-east-1a", ...change });
}

function ec2(stack: TerraformStack, change: Late): void {
  const backend = new AwsBackend({ network: network(stack), maxUsdPerHour: 900, ...change });
  const pools = [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2)];
  const image = derived("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3");
  cluster(stack, { backend, pools, fabric: Fabric.EFA, image });
}

/** Declarations that are right, each with a change of the properties of one interface. */
const DECLARATIONS: { readonly [name: string]: (stack: TerraformStack, change: Late) => void } = {
  RayClusterProps: (stack, change) => cluster(stack, change),
  NodePool: (stack, change) =>
    localCluster(stack, {
      pools: [
        { name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2, ...change },
      ],
    }),
  LocalBackendProps: (stack, change) => localCluster(stack, { backend: new LocalBackend(change) }),
  HostsBackendProps: (stack, change) =>
    cluster(stack, { backend: new HostsBackend({ subnetCidr: "10.0.0.0/24", hosts, ...change }) }),
  HostMachine: (stack, change) =>
    cluster(stack, {
      backend: new HostsBackend({ subnetCidr: "10.0.0.0/24", hosts: [{ ...hosts[0], ...change }, hosts[1]] }),
    }),
  CloudInitBackendProps: (stack, change) =>
    cluster(stack, {
      backend: new CloudInitBackend({ subnetCidr: "10.0.0.0/24", headAddress: "10.0.0.10", ...change }),
    }),
  AwsBackendProps: ec2,
  AwsClusterNetworkProps: (stack, change) => network(stack, change),
  ExistingAwsNetworkProps: (stack, change) => {
    new AwsProvider(stack, "aws", { region: "us-east-1" });
    AwsClusterNetwork.fromExisting(stack, "net", {
      vpcId: "vpc-0123456789abcdef0",
      subnetId: "subnet-0123456789abcdef0",
      subnetCidr: "10.0.32.0/20",
      availabilityZone: "us-east-1a",
      egressCidrs: ["0.0.0.0/0"],
      ...change,
    });
  },
  AwsNodePoolProps: (stack, change) =>
    new AwsNodePool(stack, "pool", {
      network: network(stack),
      instanceType: "p5.48xlarge",
      nodes: 2,
      fabric: Fabric.EFA,
      ...change,
    }),
  FsxLustreStorageProps: (stack, change) =>
    new FsxLustreStorage(stack, "fsx", { network: network(stack), capacityTiB: 2.4, ...change }),
  EfsStorageProps: (stack, change) => new EfsStorage(stack, "efs", { network: network(stack), ...change }),
  VllmServeProps: (stack, change) => cluster(stack, { engine: new VllmServe(change) }),
  LmdeployServeProps: (stack, change) =>
    cluster(stack, {
      image: derived("openmmlab/lmdeploy:v0.15.1-cu12.8"),
      engine: new LmdeployServe(change),
    }),
  CustomServeProps: (stack, change) =>
    cluster(stack, {
      image: ContainerImage.of("registry.example/serve:1", { rayVersion: "2.54.1" }),
      engine: new CustomServe({ engineName: "own", argv: ["serve"], servedModel: "m", ...change }),
    }),
  RollPipelineProps: (stack, change) =>
    cluster(stack, {
      backend: new HostsBackend({ subnetCidr: "10.0.0.0/24", hosts }),
      image: ContainerImage.of("registry.example/roll:1", { rayVersion: "2.48.0" }),
      allowUnauthenticatedRay: "a network of their own",
      model: undefined,
      engine: new RollPipeline(change),
    }),
  EmulatedServeProps: (stack, change) => localCluster(stack, { engine: new EmulatedServe(change) }),
  HubOptions: (stack, change) =>
    cluster(stack, {
      model: ModelSource.huggingFace(MODEL.model, { revision: MODEL.revision, ...change }),
    }),
  ContainerImageOptions: (stack, change) =>
    cluster(stack, {
      image: ContainerImage.of("vllm/vllm-openai:v0.33.0", { rayVersion: "2.54.1", ...change }),
    }),
};

const VALUES: { readonly [kind in PropertyKind]: (stack: TerraformStack) => unknown } = {
  text: (stack) => new TerraformVariable(stack, "late", { type: "string" }).stringValue,
  number: (stack) => new TerraformVariable(stack, "late", { type: "number" }).numberValue,
  texts: (stack) => new TerraformVariable(stack, "late", { type: "list(string)" }).listValue,
};

const PROPERTIES = [...publicProperties(Object.keys(DECLARATIONS))].flatMap(([owner, properties]) =>
  properties.map((property) => [owner, property] as const),
);

/** What becomes of a value that is known only at apply: it reaches Terraform (`late`), or is refused by its name (`known`). */
function outcomeOf(owner: string, name: string, kind: PropertyKind): string {
  try {
    const stack = Synthesized.of((scope) => {
      DECLARATIONS[owner](scope, { [name]: VALUES[kind](scope) });
    });
    const isResolved = !isLate(stack.text);
    stack.remove();
    return isResolved ? "late" : "a placeholder is left";
  } catch (error) {
    if (!(error instanceof PlanError)) {
      return String(error);
    }
    const isSaid = error.problems.some(
      ({ path, got }) => path.includes(name) && got.endsWith("known only at apply"),
    );
    return isSaid
      ? "known"
      : error.problems.map(({ rule, path, got }) => `${rule} ${path} ${got}`).join("; ");
  }
}

test("every property takes a value that is known only at apply, or is named as one that must be known", () => {
  const lines = PROPERTIES.map(([owner, { name, kind }]) => [
    `${owner}.${name} (${kind})`,
    outcomeOf(owner, name, kind),
  ]);
  expect(lines.filter(([, outcome]) => outcome !== "late" && outcome !== "known")).toEqual([]);
  const ofOutcome = (wanted: string) =>
    lines.flatMap(([line, outcome]) => (outcome === wanted ? [line] : []));
  const page = [
    "May be known at apply:",
    ...ofOutcome("late"),
    "",
    "Must be known at synth:",
    ...ofOutcome("known"),
    "",
  ];
  expectGolden(join(__dirname, "golden/late-properties.txt"), page.join("\n"));
});
