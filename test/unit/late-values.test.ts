import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
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
  Fabric,
  FsxLustreStorage,
  HostsBackend,
  LocalBackend,
  ModelSource,
  PlanError,
  RayCluster,
  type RayClusterProps,
  VllmServe,
} from "../../lib";
import { localCluster } from "../support/local-cluster";
import { Synthesized } from "../support/synth";

const MODEL = "Qwen/Qwen2.5-72B-Instruct";
const REVISION = "495f39366efef23836d0cfae4fbe635880d2be31";
/** Fits on the root volume of a machine of EC2. */
const SMALL_MODEL = "Qwen/Qwen2.5-1.5B-Instruct";

const variable = (stack: TerraformStack, type = "string") => new TerraformVariable(stack, "late", { type });
const text = (stack: TerraformStack) => variable(stack).stringValue;
const number = (stack: TerraformStack) => variable(stack, "number").numberValue;
const list = (stack: TerraformStack) => variable(stack, "list(string)").listValue;
const withRay = (base: string) => ContainerImage.withPythonPackages(ContainerImage.of(base), ["ray==2.54.1"]);

type Change = Partial<RayClusterProps>;

function cloudInit(stack: TerraformStack, change: Change = {}) {
  return new RayCluster(stack, "c", {
    backend: new CloudInitBackend({ subnetCidr: "10.0.0.0/24", headAddress: "10.0.0.10" }),
    pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100, acceleratorsPerNode: 8 }],
    fabric: Fabric.TCP,
    image: withRay("vllm/vllm-openai:v0.33.0"),
    engine: new VllmServe(),
    model: ModelSource.huggingFace(MODEL, { revision: REVISION }),
    ...change,
  });
}

function network(stack: TerraformStack) {
  new AwsProvider(stack, "aws", { region: "us-east-1" });
  return new AwsClusterNetwork(stack, "net", { availabilityZone: "us-east-1a" });
}

function ec2(stack: TerraformStack, change: Change = {}, clientCidrs?: string[]) {
  const backend = new AwsBackend({ network: network(stack), maxUsdPerHour: 900, clientCidrs });
  const pools = [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2)];
  const model = ModelSource.huggingFace(SMALL_MODEL, { revision: REVISION });
  const image = withRay("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3");
  return cloudInit(stack, { backend, pools, fabric: Fabric.EFA, image, model, ...change });
}

/** Properties whose values may be known only at apply; none of their placeholders may be left. */
const MAY_BE_LATE: readonly (readonly [name: string, build: (stack: TerraformStack) => void])[] = [
  [
    "a variable of the environment, on this machine",
    (stack) => localCluster(stack, { environment: { A: text(stack) } }),
  ],
  [
    "a variable of the environment, with cloud-init",
    (stack) => cloudInit(stack, { environment: { A: text(stack) } }),
  ],
  ["a variable of the environment, on EC2", (stack) => ec2(stack, { environment: { A: text(stack) } })],
  [
    "an argument of the engine",
    (stack) => cloudInit(stack, { engine: new VllmServe({ extraArguments: ["--seed", text(stack)] }) }),
  ],
  [
    "an image of a repository of the same app",
    (stack) =>
      ec2(stack, { image: withRay(`${new EcrRepository(stack, "e", { name: "e" }).repositoryUrl}:v1`) }),
  ],
  [
    "an image, on this machine",
    (stack) =>
      localCluster(stack, {
        image: ContainerImage.of(`${text(stack)}/ray:2.54.1`, { rayVersion: "2.54.1" }),
      }),
  ],
  ["a network of clients", (stack) => ec2(stack, {}, [text(stack)])],
];

test.each(MAY_BE_LATE)("%s may be known only at apply", (_, build) => {
  const synthesized = Synthesized.of(build);
  expect(synthesized.text).not.toContain("TfToken");
  expect(synthesized.file("review.md")).not.toContain("TfToken");
});

/** Properties that a plan depends on, with the path under which each is reported. */
const MUST_BE_KNOWN: readonly (readonly [path: string, build: (stack: TerraformStack) => void])[] = [
  [
    "pools[0].nodes",
    (stack) =>
      localCluster(stack, {
        pools: [
          {
            name: "npu",
            nodes: number(stack),
            accelerator: Accelerator.EMULATED_NPU,
            acceleratorsPerNode: 2,
          },
        ],
      }),
  ],
  [
    "pools[0].name",
    (stack) =>
      localCluster(stack, {
        pools: [
          { name: text(stack), nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 },
        ],
      }),
  ],
  [
    "nodes",
    (stack) =>
      new AwsNodePool(stack, "p", {
        network: network(stack),
        instanceType: "p5.48xlarge",
        nodes: number(stack),
        fabric: Fabric.EFA,
      }),
  ],
  ["backend.clientCidrs[0]", (stack) => ec2(stack, {}, list(stack))],
  [
    "backend.apiPort",
    (stack) => localCluster(stack, { backend: new LocalBackend({ apiPort: number(stack) }) }),
  ],
  [
    "backend.subnetCidr",
    (stack) =>
      cloudInit(stack, {
        backend: new CloudInitBackend({ subnetCidr: text(stack), headAddress: "10.0.0.10" }),
      }),
  ],
  [
    "backend.headAddress",
    (stack) =>
      cloudInit(stack, {
        backend: new CloudInitBackend({ subnetCidr: "10.0.0.0/24", headAddress: text(stack) }),
      }),
  ],
  [
    "backend.hosts[0].sshHost",
    (stack) =>
      cloudInit(stack, {
        backend: new HostsBackend({
          subnetCidr: "10.0.0.0/24",
          hosts: [
            { name: "a", sshHost: text(stack), address: "10.0.0.1" },
            { name: "b", sshHost: "b.example", address: "10.0.0.2" },
          ],
        }),
      }),
  ],
  [
    "capacityTiB",
    (stack) =>
      new FsxLustreStorage(stack, "f", {
        network: network(stack),
        mountPath: "/models",
        capacityTiB: number(stack),
      }),
  ],
  [
    "subnetCidr",
    (stack) => new AwsClusterNetwork(stack, "n", { availabilityZone: "us-east-1a", subnetCidr: text(stack) }),
  ],
  [
    "model.revision",
    (stack) => cloudInit(stack, { model: ModelSource.huggingFace(MODEL, { revision: text(stack) }) }),
  ],
  [
    "engine.maxModelLen",
    (stack) => cloudInit(stack, { engine: new VllmServe({ maxModelLen: number(stack) }) }),
  ],
  ["image.base", (stack) => cloudInit(stack, { image: withRay(text(stack)) })],
];

test.each(MUST_BE_KNOWN)("%s must be known at synth, and nothing else is said of it", (path, build) => {
  const problems = problemsOf(build).filter((problem) => problem.path === path);
  expect(problems.map(({ rule, must }) => `${rule} ${must}`)).toEqual(["RC096 be known at synth"]);
  expect(problems[0].got).toMatch(/^a (value|list) that is known only at apply$/);
});

test("a list that is known only at apply is to be given by its entries", () => {
  const [problem] = problemsOf((stack) => ec2(stack, {}, list(stack)));
  expect(problem.fix).toContain("entries one by one");
});

test("a network of the same app is named by what was given to it", () => {
  const build = (stack: TerraformStack) =>
    new AwsClusterNetwork(stack, "n", { availabilityZone: "us-east-1a", subnetCidr: text(stack) });
  expect(problemsOf(build)[0].fix).toContain("cidrBlockInput");
});

function problemsOf(build: (stack: TerraformStack) => void) {
  try {
    Synthesized.of(build);
  } catch (error) {
    if (error instanceof PlanError) {
      return error.problems;
    }
    throw error;
  }
  throw new Error("nothing was wrong");
}
