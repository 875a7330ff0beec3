import { existsSync } from "node:fs";
import { join } from "node:path";
import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { EcrRepository } from "@cdktf/provider-aws/lib/ecr-repository";
import type { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { SsmParameter } from "@cdktf/provider-aws/lib/ssm-parameter";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { App, TerraformOutput, TerraformStack, TerraformVariable, Testing } from "cdktf";
import {
  Accelerator,
  AwsBackend,
  AwsClusterNetwork,
  AwsInstanceType,
  AwsNodePool,
  AwsTags,
  type ClusterBackend,
  ContainerImage,
  CustomServe,
  EmulatedServe,
  type EngineContext,
  type EngineSpec,
  Fabric,
  FsxLustreStorage,
  HostsBackend,
  type IClusterNetwork,
  type IEngine,
  LocalBackend,
  type LocalBackendProps,
  ModelSource,
  PlanError,
  RayCluster,
  type RayClusterProps,
  RayOnly,
  VllmServe,
} from "../../lib";

/** What other people do with the package, in an app of their own; the test of the package runs a copy of this file. */
const USES: { readonly [name: string]: (app: App) => void } = {
  "(a) a VPC of one's own": (app) => {
    const stack = awsStack(app);
    const vpc = new Vpc(stack, "vpc", { cidrBlock: "10.0.0.0/16" });
    const subnet = new Subnet(stack, "subnet", {
      vpcId: vpc.id,
      cidrBlock: "10.0.32.0/20",
      availabilityZone: "eu-west-1a",
    });
    const network = AwsClusterNetwork.fromExisting(stack, "net", {
      vpcId: vpc.id,
      subnetId: subnet.id,
      subnetCidr: subnet.cidrBlockInput ?? "",
      availabilityZone: "eu-west-1a",
      egressCidrs: ["0.0.0.0/0"],
    });
    onEc2(stack, "llama", network);
  },
  "(a) a network that reaches nothing": (app) => {
    const stack = awsStack(app);
    onEc2(stack, "llama", existing(stack, []));
  },
  "(b) two clusters on one network": (app) => {
    const stack = awsStack(app);
    const network = existing(stack);
    onEc2(stack, "llama", network);
    onEc2(stack, "qwen", network);
  },
  "(b) two stacks with one name in one account": (app) => {
    for (const name of ["dev", "prod"]) {
      const stack = awsStack(app, name);
      onEc2(stack, "llama", new AwsClusterNetwork(stack, "net", { availabilityZone: "eu-west-1a" }));
    }
  },
  "(b) two local backends": (app) => {
    const stack = new TerraformStack(app, "local");
    local(stack, "one");
    local(stack, "two");
  },
  "(b) one local backend for two clusters": (app) => {
    const stack = new TerraformStack(app, "local");
    const backend = new LocalBackend();
    emulated(stack, "one", backend);
    emulated(stack, "two", backend);
  },
  "(b) two clusters on the same machines": (app) => {
    const stack = new TerraformStack(app, "hosts");
    onHosts(stack, "one");
    onHosts(stack, "two");
  },
  "(b) two local backends that share nothing": (app) => {
    const stack = new TerraformStack(app, "local");
    local(stack, "one");
    local(stack, "two", { subnetCidr: "10.89.30.0/24", apiPort: 8002 });
  },
  "(c) a pool alone, (f) an escape hatch": (app) => {
    const stack = awsStack(app);
    const pool = new AwsNodePool(stack, "gpu", {
      network: new AwsClusterNetwork(stack, "net", { availabilityZone: "eu-west-1a" }),
      instanceType: "p5.48xlarge",
      nodes: 4,
      fabric: Fabric.EFA,
    });
    new TerraformOutput(stack, "group", { value: pool.autoScalingGroupName });
    (pool.node.findChild("worker-template") as LaunchTemplate).addOverride("key_name", "my-key");
    expectText(Testing.synth(stack), "my-key");
  },
  "(d) a Lustre alone": (app) => {
    const stack = awsStack(app);
    const storage = new FsxLustreStorage(stack, "fs", { network: existing(stack), capacityTiB: 2.4 });
    new TerraformOutput(stack, "fs-id", {
      value: [storage.fileSystemId, storage.dnsName, storage.mountName],
    });
  },
  "(e) hosts beside resources of one's own": (app) => {
    const stack = awsStack(app);
    const cluster = onHosts(stack, "qwen");
    new SsmParameter(stack, "endpoint", { name: "/app/llm", type: "String", value: cluster.endpoint });
    new TerraformOutput(stack, "head", { value: cluster.plan.nodes[0]?.address });
  },
  "(g) an engine of one's own": (app) => {
    const stack = new TerraformStack(app, "local");
    local(stack, "own", {}, { engine: new Sglang() });
    const engine = new CustomServe({ argv: ["my-server"], servedModel: "m" });
    local(stack, "custom", { subnetCidr: "10.89.30.0/24", apiPort: 8002 }, { engine });
  },
  "(h) two regions": (app) => {
    const stack = new TerraformStack(app, "regions");
    for (const region of ["eu-west-1", "us-east-1"]) {
      const provider = new AwsProvider(stack, region, { region, alias: region });
      onEc2(
        stack,
        `llama-${region}`,
        new AwsClusterNetwork(stack, `net-${region}`, { availabilityZone: `${region}a`, provider }),
      );
    }
  },
  "(i) values that are known at apply": (app) => {
    const stack = awsStack(app);
    const bucket = new SsmParameter(stack, "bucket", { name: "/bucket", type: "String", value: "b" });
    const repository = new EcrRepository(stack, "repository", { name: "vllm" });
    const client = new TerraformVariable(stack, "client", { type: "string" });
    onEc2(
      stack,
      "llama",
      existing(stack),
      {
        image: ContainerImage.of(`${repository.repositoryUrl}:v1`, { rayVersion: "2.54.1" }),
        environment: { LOG_BUCKET: bucket.arn },
      },
      { clientCidrs: [client.stringValue] },
    );
  },
  "(i) a list of clients that is known at apply as a whole": (app) => {
    const stack = awsStack(app);
    const clients = new TerraformVariable(stack, "clients", { type: "list(string)" });
    onEc2(stack, "llama", existing(stack), {}, { clientCidrs: clients.listValue });
  },
  "(i) a number of nodes that is known at apply": (app) => {
    const stack = awsStack(app);
    const nodes = new TerraformVariable(stack, "nodes", { type: "number" });
    new AwsNodePool(stack, "gpu", {
      network: existing(stack),
      instanceType: "p5.48xlarge",
      nodes: nodes.numberValue,
      fabric: Fabric.EFA,
    });
  },
  "(j) a test of one's own": () => {
    const synth = () => {
      const stack = new TerraformStack(Testing.app(), "t");
      local(stack, "one");
      return stack;
    };
    expectText(Testing.synth(synth()), "one-npu-0");
    if (Testing.synth(synth()) !== Testing.synth(synth())) {
      throw new Error("two syntheses of one declaration differ");
    }
    if (!existsSync(join(Testing.fullSynth(synth()), "stacks/t/review.md"))) {
      throw new Error("no review was written");
    }
  },
  "(k) tags on every machine": (app) => {
    const stack = awsStack(app);
    const cluster = onEc2(stack, "llama", existing(stack));
    AwsTags.of(stack).add({ CostCenter: "ml-42" });
    expectText(Testing.synth(stack, true), "ml-42");
    const group = cluster.node.findAll().find((child) => child instanceof AutoscalingGroup);
    expectText(JSON.stringify((group as AutoscalingGroup).toTerraform()), "ml-42");
  },
  "an endpoint in another stack": (app) => {
    const cluster = local(new TerraformStack(app, "a"), "one");
    new TerraformOutput(new TerraformStack(app, "b"), "endpoint", { value: cluster.endpoint });
  },
};

class Sglang implements IEngine {
  public readonly engineName = "sglang";

  public bind({ accelerators, acceleratorNodes, headAddress }: EngineContext): EngineSpec {
    const argv = ["python3", "-m", "sglang.launch_server", "--tp", `${accelerators}`];
    const meet = ["--nnodes", `${acceleratorNodes}`, "--dist-init-addr", `${headAddress}:20000`];
    return {
      name: this.engineName,
      argv: [...argv, ...meet, "--node-rank", "0"],
      follower: { argv: [...argv, ...meet], rankFlag: "--node-rank" },
      api: {
        port: 8000,
        healthPath: "/health",
        servedModel: "m",
        proof: [{ kind: "chat", path: "/v1/chat/completions", body: { model: "m" } }],
      },
      ports: [{ name: "rendezvous", from: 20000, to: 20000, where: "head" }],
      environment: {},
      files: [],
      rayVersions: {},
    };
  }
}

function awsStack(app: App, id = "aws"): TerraformStack {
  const stack = new TerraformStack(app, id);
  new AwsProvider(stack, "aws", { region: "eu-west-1" });
  return stack;
}

function existing(stack: TerraformStack, egressCidrs = ["0.0.0.0/0"]): IClusterNetwork {
  return AwsClusterNetwork.fromExisting(stack, "net", {
    vpcId: "vpc-1",
    subnetId: "subnet-1",
    subnetCidr: "10.0.32.0/20",
    availabilityZone: "eu-west-1a",
    egressCidrs,
  });
}

function onEc2(
  stack: TerraformStack,
  id: string,
  network: IClusterNetwork,
  change: Partial<RayClusterProps> = {},
  { clientCidrs }: { readonly clientCidrs?: readonly string[] } = {},
): RayCluster {
  return new RayCluster(stack, id, {
    backend: new AwsBackend({ network, maxUsdPerHour: 300, clientCidrs }),
    pools: [AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 2)],
    fabric: Fabric.EFA,
    image: ContainerImage.withPythonPackages(
      ContainerImage.of("public.ecr.aws/deep-learning-containers/vllm:server-cuda-v2.3"),
      ["ray==2.54.1"],
    ),
    model: ModelSource.path("/models/x"),
    engine: new VllmServe(),
    ...change,
  });
}

function onHosts(stack: TerraformStack, id: string): RayCluster {
  return new RayCluster(stack, id, {
    backend: new HostsBackend({
      subnetCidr: "10.20.0.0/24",
      hosts: [11, 12].map((host) => ({
        name: `gpu-${host}`,
        sshHost: `172.16.0.${host}`,
        address: `10.20.0.${host}`,
      })),
    }),
    pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100 }],
    fabric: Fabric.TCP,
    image: ContainerImage.of("registry.example/vllm:1.2.3", { rayVersion: "2.54.1" }),
    engine: new RayOnly(),
  });
}

function local(
  stack: TerraformStack,
  id: string,
  props: LocalBackendProps = {},
  change: Partial<RayClusterProps> = {},
): RayCluster {
  return emulated(stack, id, new LocalBackend(props), change);
}

function emulated(
  stack: TerraformStack,
  id: string,
  backend: ClusterBackend,
  change: Partial<RayClusterProps> = {},
): RayCluster {
  return new RayCluster(stack, id, {
    backend,
    pools: [{ name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU }],
    fabric: Fabric.TCP,
    image: LocalBackend.emulationImage(),
    engine: new EmulatedServe(),
    ...change,
  });
}

function expectText(text: string, part: string): void {
  if (!text.includes(part)) {
    throw new Error(`'${part}' is nowhere in what was written`);
  }
}

/** What becomes of a use: `ok`, or the rules that refuse it. */
function outcome(use: (app: App) => void, name: string): string {
  try {
    const app = new App({ outdir: `out-${name.replace(/\W+/g, "-")}` });
    use(app);
    app.synth();
    return "ok";
  } catch (error) {
    return error instanceof PlanError ? error.problems.map(({ rule }) => rule).join(" ") : String(error);
  }
}

process.stdout.write(JSON.stringify(Object.entries(USES).map(([name, use]) => [name, outcome(use, name)])));
