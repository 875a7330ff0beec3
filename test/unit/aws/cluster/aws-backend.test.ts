import { gzipSync } from "node:zlib";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { AwsInstanceType } from "../../../../lib/aws/pool/instance-type";
import { USER_DATA_BUDGET_BYTES } from "../../../../lib/bootstrap/cloud-config";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import { RayOnly } from "../../../../lib/engines/ray-only";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { fileOf, parseCloudConfig } from "../../bootstrap/support";
import {
  type AwsClusterChange,
  awsCluster,
  BASE,
  buildAwsCluster,
  CONTEXT,
} from "../../../support/aws-clusters";
import { Synthesized } from "../../../support/synth";

const made: Synthesized[] = [];
afterAll(() => {
  made.forEach((stack) => {
    stack.remove();
  });
});

function cluster(change?: AwsClusterChange): Synthesized {
  const stack = awsCluster(change);
  made.push(stack);
  return stack;
}

const all = (stack: Synthesized, type: string) => Object.values(stack.resources(type));
const only = (stack: Synthesized, type: string) => {
  const found = all(stack, type);
  expect(found).toHaveLength(1);
  return found[0];
};
/** User data of a role, as Terraform reads it. */
const bootText = (stack: Synthesized, name: string): string =>
  Object.entries<string>(stack.json.locals)
    .find(([key]) => key.includes(`boot-${name}_`))![1]
    .replaceAll("$${", "${")
    .replaceAll("%%{", "%{");
const boot = (stack: Synthesized, name: string) => parseCloudConfig(bootText(stack, name));
const bootLines = (stack: Synthesized, name: string, file: string) =>
  fileOf(boot(stack, name), `/etc/ray-cluster/boot/${file}`).trimEnd().split("\n");
const nodeConfig = (stack: Synthesized, name: string) =>
  JSON.parse(fileOf(boot(stack, name), "/etc/ray-cluster/node.json"));
/** Actions of each role's policy, shortest first: that of the workers, then that of the head. */
const policies = (stack: Synthesized): string[][] =>
  all(stack, "aws_iam_role_policy")
    .filter(({ name_prefix }) => name_prefix === "named-")
    .map(({ policy }) => JSON.parse(policy).Statement.flatMap(({ Action }: any) => Action))
    .sort((a, b) => a.length - b.length);

const EMULATED = {
  pools: [
    {
      name: "gpu",
      nodes: 4,
      machineType: "p5.48xlarge",
      accelerator: Accelerator.EMULATED_GPU,
      acceleratorsPerNode: 8,
    },
  ],
  fabric: Fabric.TCP,
  image: ContainerImage.of("ray-emulation:2.58.0", { rayVersion: "2.58.0" }),
  engine: new EmulatedServe(),
  model: undefined,
};

describe("AwsBackend with four machines", () => {
  const stack = cluster();

  it("creates the machines, what they boot from, and what waits for them", () => {
    expect(stack.counts()).toMatchObject({
      aws_instance: 1,
      aws_launch_template: 2,
      aws_autoscaling_group: 1,
      aws_ec2_subnet_cidr_reservation: 1,
      aws_s3_bucket: 1,
      aws_s3_object: 2,
      aws_secretsmanager_secret: 1,
      aws_cloudformation_stack: 1,
      aws_fsx_lustre_file_system: 1,
    });
    // Nothing that is asked of AWS while it is planned, but where the deployment goes to.
    expect(Object.keys(stack.json.data).sort()).toEqual([
      "aws_ec2_instance_type_offerings",
      "aws_partition",
      "aws_region",
      "aws_servicequotas_service_quota",
      "aws_ssm_parameter",
    ]);
    expect(stack.json.terraform.required_providers.aws.version).toBe(">= 5.100.0, < 7.0.0");
  });

  it("creates as many resources for 1,024 machines as for four", () => {
    const of = (nodes: number) =>
      cluster({
        backend: { maxUsdPerHour: 60_000 },
        cluster: { ...EMULATED, pools: [{ ...EMULATED.pools[0], nodes }] },
      });
    const [few, many] = [of(4), of(1024)];
    expect(many.counts()).toEqual(few.counts());
    expect(many.text.length).toBeLessThan(few.text.length * 1.02);
    expect(all(many, "aws_autoscaling_group")[0].desired_capacity).toBe(1023);
    expect(many.file("review.md").length).toBeLessThan(few.file("review.md").length * 1.05);
    expect(many.file("review.md")).toContain("| gpu-1 to gpu-1023 | worker | assigned at boot | 8 |");
  });

  it("tells every machine the head's planned address", () => {
    expect(only(stack, "aws_ec2_subnet_cidr_reservation")).toMatchObject({
      cidr_block: "10.20.0.10/32",
      reservation_type: "explicit",
    });
    expect(nodeConfig(stack, "gpu-head")).toMatchObject({
      node: { name: "gpu-0", role: "head", address: "10.20.0.10" },
      head: { name: "gpu-0", address: "10.20.0.10" },
    });
    expect(nodeConfig(stack, "gpu-worker")).toMatchObject({
      node: { name: null, pool: "gpu", role: "worker", address: null },
      head: { name: "gpu-0", address: "10.20.0.10" },
    });
  });

  it("checks for the devices of the machine type before the container starts", () => {
    for (const name of ["gpu-head", "gpu-worker"]) {
      expect(bootLines(stack, name, "devices")).toEqual([
        "accelerators 8 /dev/nvidia[0-9]*",
        "EFA-devices 32 /dev/infiniband/uverbs*",
      ]);
      expect(bootLines(stack, name, "settings")).toEqual(
        expect.arrayContaining(["runtime=nvidia", `base=${BASE}`]),
      );
      expect(bootText(stack, name)).toMatch(/What=\$\{aws_fsx_lustre_file_system\.\S+\.dns_name\}@tcp:/);
    }
  });

  it("puts the recipe of the image beside the node program", () => {
    const { source } = all(stack, "aws_s3_object").find((object) => object.source !== undefined)!;
    const files = Object.keys(JSON.parse(stack.file(source)));
    expect(
      files.filter((name) => name.includes("image-recipe")).map((name) => name.split("/").at(-1)),
    ).toEqual(expect.arrayContaining(["Dockerfile", "packages.txt", "python_packages.py"]));
  });

  it("keeps user data within its budget", () => {
    for (const text of Object.values<string>(stack.json.locals)) {
      expect(gzipSync(text).length).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
    }
  });

  it("reads secrets by their ARN, the model's on the head only", () => {
    const head = bootLines(stack, "gpu-head", "secrets");
    expect(head.map((line) => line.split(" ")[0])).toEqual(["ray-token"]);
    expect(head[0]).toMatch(/ create$/);
    expect(bootLines(stack, "gpu-head", "model-secrets")).toEqual([
      expect.stringMatching(new RegExp(`^model .* ${CONTEXT.modelTokenSecretArn}$`)),
    ]);
    expect(bootLines(stack, "gpu-worker", "secrets").map((line) => line.split(" ")[0])).toEqual([
      "ray-token",
    ]);
    expect(bootLines(stack, "gpu-head", "argv")).toContain(
      "--mount=type=bind,source=/run/ray-cluster/model-secrets,target=/var/lib/ray-cluster/model-secrets",
    );
    expect(bootText(stack, "gpu-worker")).not.toContain(CONTEXT.modelTokenSecretArn);
  });

  it("permits only what the machines need", () => {
    const logs = ["logs:CreateLogStream", "logs:PutLogEvents"];
    const workers = ["s3:GetObject", "secretsmanager:GetSecretValue", ...logs, "ssm:GetParameter"];
    expect(policies(stack)).toEqual([
      workers,
      [...workers, "s3:GetObject", "secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue"],
    ]);
    // The agent of Session Manager has actions for which IAM knows no narrower resource.
    const open = all(stack, "aws_iam_role_policy").filter(({ policy }) =>
      policy.includes('"Resource":["*"]'),
    );
    expect(open.map(({ name_prefix }) => name_prefix)).toEqual(["session-manager-", "session-manager-"]);
    expect(stack.text).toMatch(
      /:ssm:\$\{data\.aws_region\.\S+?\.id\}:\*:parameter\/ray-cluster\/\$\{aws_s3_bucket\.\S+?\.bucket\}-ready\/booted\\"\]/,
    );
  });

  it("holds no value of a secret, and generates none", () => {
    expect(stack.text).not.toMatch(/secret_string|random_|secret_version/);
  });

  it("replaces the head with the workers, and the head first", () => {
    const head = only(stack, "aws_instance");
    const group = only(stack, "aws_autoscaling_group");
    const [, headTemplate] = /^\$\{(aws_launch_template\.\S+)\.id\}$/.exec(head.launch_template.id)!;
    const [, workerTemplate] = /^\$\{(aws_launch_template\.\S+)\.id\}$/.exec(group.launch_template.id)!;
    expect(headTemplate).not.toBe(workerTemplate);
    expect(head.lifecycle.replace_triggered_by).toEqual([workerTemplate]);
    expect(group.depends_on).toEqual([`aws_instance.${Object.keys(stack.resources("aws_instance"))[0]}`]);
  });

  it("waits until the cluster serves before the endpoint is known", () => {
    const ready = only(stack, "aws_cloudformation_stack");
    const address = (type: string) => `${type}.${Object.keys(stack.resources(type)).at(-1)}`;
    const needs = ["aws_autoscaling_group", "aws_instance", "aws_s3_object"].map(address);
    expect([...ready.depends_on].sort()).toEqual(needs);
    expect(ready.lifecycle.replace_triggered_by).toHaveLength(3);
    expect(ready.lifecycle.replace_triggered_by).toEqual(
      expect.arrayContaining([address("aws_instance"), address("aws_s3_object")]),
    );
    const { Resources, Outputs } = JSON.parse(ready.template_body);
    expect(Outputs.Endpoint.Value).toBe("http://10.20.0.10:8000");
    // The machine's own deadline comes first, then that of the condition, then Terraform's.
    const { Value: asked } = Resources.Address.Properties;
    const [handle, number, seconds] = asked["Fn::Sub"].split(" ");
    expect(handle).toBe("$${Handle}");
    expect(all(stack, "aws_s3_object").map(({ key }) => key)).toContain(`workloads/${number}.json`);
    const waits = Number(Resources.Ready.Properties.Timeout);
    // From the first look at the address, boot and all; then comes the margin for the reason.
    expect(waits).toBe(Number(seconds) + 300);
    expect(ready.timeout_in_minutes * 60).toBeGreaterThan(waits);
    expect(Number.parseInt(ready.timeouts.create)).toBeGreaterThan(ready.timeout_in_minutes * 60);
    // Of the bucket's name, since another stack of the account may have a cluster of the same name.
    const source = /^aws-parameter\.sh \$\{data\.aws_region\.\S+\.id\} \/ray-cluster\/(\S+)\/(ready|booted)$/;
    const sources = (role: string) =>
      bootLines(stack, `gpu-${role}`, "announce").map((line) => source.exec(line)?.slice(1));
    expect(ready.name).toMatch(/^\$\{aws_s3_bucket\.\S+\.bucket\}-ready$/);
    expect(sources("worker")).toEqual([[ready.name, "ready"]]);
    expect(sources("head")).toEqual([
      [ready.name, "ready"],
      [ready.name, "booted"],
    ]);
  });

  it("ends a deployment early whose head has not booted, by a condition of that name", () => {
    const { Resources } = JSON.parse(only(stack, "aws_cloudformation_stack").template_body);
    const { Type, Properties } = Resources.HeadHasBooted;
    expect(Type).toBe("AWS::CloudFormation::WaitCondition");
    expect(Properties).toEqual({ Handle: { Ref: "BootedHandle" }, Timeout: "1500", Count: 1 });
    expect(Resources.BootedAddress.Properties.Value).toEqual({ Ref: "BootedHandle" });
    expect(Resources.Address.Properties.Value["Fn::Sub"]).toContain(
      " The machines go on, for 220.16 USD per hour",
    );
  });

  it("lets the head fetch the workload, and has nothing of it in what machines boot with", () => {
    expect(bootLines(stack, "gpu-head", "workloads")[0]).toMatch(
      /^aws-s3\.sh \S+ s3:\/\/\$\{aws_s3_bucket\.\S+\.bucket\}\/workloads\/$/,
    );
    expect(bootLines(stack, "gpu-worker", "workloads")).toEqual([""]);
  });

  it("states the price and its list in the review", () => {
    const review = stack.file("review.md");
    expect(review).toContain("| gpu | 4 | `p5.48xlarge` | on demand | 33, 32 with EFA, 1 with an address |");
    expect(review).toContain("220.16 USD per hour (on demand in us-east-1, price list of 2026-07-20)");
    expect(review).toContain("| gpu-1 to gpu-3 | worker | assigned at boot | 8 |");
    expect(review).not.toContain("TfToken");
  });
});

describe("AwsBackend", () => {
  it("says of a protected file system that it stays, and that destroy of its stack fails", () => {
    const rows = [true, false].map((retain) => {
      const page = cluster({ lustre: { retain } }).file("review.md");
      return /\| Lost with destroy \| (.*) \|/.exec(page)![1];
    });
    expect(rows[0]).toMatch(
      / · kept: file system at \/models, protected: \*\*destroy of its stack fails\*\*$/,
    );
    expect(rows[0]).not.toContain("without a backup");
    expect(rows[1]).toMatch(/\*\*file system at \/models, without a backup\*\*.* · kept: nothing$/);
  });

  it("with emulated accelerators checks for no devices", () => {
    const stack = cluster({ cluster: EMULATED });
    expect(bootLines(stack, "gpu-worker", "devices")).toEqual([""]);
    expect(policies(stack)[1]).toEqual([
      ...["s3:GetObject", "secretsmanager:GetSecretValue", "logs:CreateLogStream", "logs:PutLogEvents"],
      ...["ssm:GetParameter", "s3:GetObject", "secretsmanager:PutSecretValue"],
    ]);
  });

  it("with one node has no group, and without an API the endpoint is Ray's address", () => {
    const machines = AwsInstanceType.of("p5.48xlarge");
    const stack = cluster({
      cluster: { pools: [machines.nodePool("gpu", 1)], engine: new RayOnly(), model: undefined },
    });
    expect(stack.counts()).toMatchObject({ aws_instance: 1, aws_launch_template: 1, aws_iam_role: 2 });
    expect(stack.counts()).not.toHaveProperty("aws_autoscaling_group");
    expect(only(stack, "aws_instance").lifecycle).not.toHaveProperty("replace_triggered_by");
    expect(JSON.parse(only(stack, "aws_cloudformation_stack").template_body).Outputs.Endpoint.Value).toBe(
      "10.20.0.10:6379",
    );
  });

  it("with two pools has a template for each, and replaces the head with either", () => {
    const stack = cluster({
      backend: { pools: [{ pool: "more", rootVolumeGiB: 500 }] },
      cluster: {
        ...EMULATED,
        pools: ["gpu", "more"].map((name) => ({ ...EMULATED.pools[0], name, nodes: 2 })),
      },
    });
    expect(stack.counts()).toMatchObject({
      aws_instance: 1,
      aws_launch_template: 3,
      aws_autoscaling_group: 2,
    });
    expect(only(stack, "aws_instance").lifecycle.replace_triggered_by).toHaveLength(2);
    const sizes = all(stack, "aws_launch_template").map((t) => t.block_device_mappings[0].ebs.volume_size);
    expect(sizes.sort()).toEqual([200, 200, 500]);
    expect(nodeConfig(stack, "more-worker").node).toMatchObject({ name: null, pool: "more" });
    for (const group of all(stack, "aws_autoscaling_group")) {
      expect(group.depends_on).toHaveLength(1);
    }
  });

  it("with a head of its own, without accelerators, has EFA on the workers only", () => {
    const stack = cluster({
      cluster: {
        pools: [
          AwsInstanceType.of("m7i.2xlarge").nodePool("head", 1),
          AwsInstanceType.of("p5.48xlarge").nodePool("gpu", 4),
        ],
      },
      context: { ...CONTEXT, maxUsdPerHour: 300 },
    });
    const kinds = Object.fromEntries(
      all(stack, "aws_launch_template").map((one) => [
        one.instance_type,
        [...new Set(one.network_interfaces.map(({ interface_type }: any) => interface_type))],
      ]),
    );
    expect(kinds).toEqual({ "m7i.2xlarge": ["interface"], "p5.48xlarge": ["interface", "efa-only"] });
    expect(bootLines(stack, "head-head", "devices").join()).toBe("");
    expect(bootLines(stack, "gpu-worker", "devices").join()).toContain("EFA");
  });

  it("with a declared type takes its facts in place of the catalogue's", () => {
    const own = AwsInstanceType.fromFacts({
      name: "p9.48xlarge",
      vCpus: 192,
      memoryGiB: 4096,
      accelerator: Accelerator.B300,
      devices: 8,
      nitro: 6,
      networkCards: 2,
      efaCards: [0, 1],
      onDemandUsdPerHour: 50,
    });
    const stack = cluster({
      backend: { instanceTypes: [own] },
      cluster: { pools: [own.nodePool("gpu", 4)] },
    });
    expect(all(stack, "aws_launch_template").map(({ instance_type }) => instance_type)).toEqual([
      "p9.48xlarge",
      "p9.48xlarge",
    ]);
    const [{ network_interfaces: nics }] = all(stack, "aws_launch_template");
    expect(nics.map(({ interface_type }: any) => interface_type)).toEqual([
      "interface",
      "efa-only",
      "efa-only",
    ]);
    expect(nics[0].connection_tracking_specification).toEqual({ tcp_established_timeout: 432000 });
    expect(only(stack, "aws_cloudformation_stack").template_body).toContain(
      "200.00 USD per hour (as declared)",
    );
  });

  it("with an ECR image signs in with the instance role", () => {
    const image = ContainerImage.of("111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/vllm:v1", {
      rayVersion: "2.58.0",
    });
    const stack = cluster({ cluster: { ...EMULATED, image } });
    expect(bootLines(stack, "gpu-worker", "registry")).toEqual([
      "111122223333.dkr.ecr.eu-central-1.amazonaws.com AWS aws-ecr.sh eu-central-1",
    ]);
    expect(policies(stack)[0]).toEqual(
      expect.arrayContaining(["ecr:GetAuthorizationToken", "ecr:BatchGetImage"]),
    );
    expect(stack.text).toMatch(/:ecr:eu-central-1:111122223333:repository\/team\/vllm/);
  });

  it("with a folder on the instance store waits for its disks", () => {
    const storage = [HostPathStorage.perNode("/opt/dlami/nvme/models")];
    const stack = cluster({ cluster: { ...EMULATED, storage } });
    expect(bootLines(stack, "gpu-worker", "settings")).toContain("disk_folder=/opt/dlami/nvme");
    expect(bootLines(cluster({ cluster: EMULATED }), "gpu-worker", "settings").join()).not.toContain(
      "disk_folder",
    );
  });

  it("with clientCidrs lets clients reach the API only", () => {
    const rules = (stack: Synthesized) =>
      all(stack, "aws_vpc_security_group_ingress_rule").filter((rule) => rule.cidr_ipv4 !== undefined);
    expect(rules(cluster({ cluster: EMULATED }))).toEqual([]);
    expect(rules(cluster({ backend: { clientCidrs: ["10.8.0.0/16"] }, cluster: EMULATED }))).toMatchObject([
      { cidr_ipv4: "10.8.0.0/16", from_port: 8000, to_port: 8000, ip_protocol: "tcp" },
    ]);
  });

  it("with Ray before 2.52 has a token all the same, for what nodes tell one another", () => {
    const image = ContainerImage.of("rayproject/ray:2.51.0", { rayVersion: "2.51.0" });
    const stack = cluster({ cluster: { ...EMULATED, image, allowUnauthenticatedRay: "a test" } });
    expect(bootLines(stack, "gpu-head", "secrets")).toEqual([expect.stringMatching(/^ray-token .* create$/)]);
  });

  it("with a process of the engine on each node lets the workers read the variables' secrets, and no other", () => {
    const wandb = "arn:aws:secretsmanager:us-east-1:111122223333:secret:wandb-AbCdEf";
    const keys = "arn:aws:secretsmanager:us-east-1:111122223333:secret:keys-AbCdEf";
    const engine = (executor: VllmExecutor) =>
      new VllmServe({ tensorParallelSize: 8, executor, apiKeys: SecretRef.managed(keys) });
    const of = (executor: VllmExecutor) =>
      cluster({
        cluster: { engine: engine(executor), secrets: { WANDB_API_KEY: SecretRef.managed(wandb) } },
      });
    const rights = (stack: Synthesized) =>
      all(stack, "aws_iam_role_policy")
        .filter(({ name_prefix, policy }) => name_prefix === "named-" && !policy.includes("PutSecretValue"))
        .map(({ policy }) => policy);
    const stack = of(VllmExecutor.MP);
    expect(bootLines(stack, "gpu-worker", "secrets")[1]).toMatch(
      new RegExp(`^environment.WANDB_API_KEY aws-secret.sh \\S+ ${wandb}$`),
    );
    expect(bootLines(stack, "gpu-worker", "argv")).toContain(
      "--mount=type=bind,source=/run/ray-cluster/secrets/environment.WANDB_API_KEY,target=/run/secrets/ray-cluster/environment.WANDB_API_KEY,readonly",
    );
    expect(rights(stack)).toEqual([expect.stringContaining(wandb)]);
    expect(rights(stack).join()).not.toContain("keys-AbCdEf");
    expect(bootText(stack, "gpu-worker")).not.toMatch(/keys-AbCdEf|hf-token/);
    const byRay = of(VllmExecutor.RAY);
    expect(rights(byRay)).toEqual([expect.not.stringContaining(wandb)]);
    expect(bootText(byRay, "gpu-worker")).not.toContain(wandb);
  });

  it("with long names cuts them to what AWS takes", () => {
    const name = "a".repeat(20);
    const stack = cluster({ cluster: { ...EMULATED, pools: [{ ...EMULATED.pools[0], name }] } });
    for (const role of all(stack, "aws_iam_role")) {
      expect(role.name_prefix.length).toBeLessThanOrEqual(38);
    }
    expect(only(stack, "aws_s3_bucket").bucket_prefix.length).toBeLessThanOrEqual(37);
  });

  it("takes storage from the cluster, and mounts what is on AWS only", () => {
    const models = { hostPath: "/mnt/nas", mountPath: "/models", isShared: true, isReachedByEfa: false };
    const mount = { source: "nas:/m", hostPath: "/mnt/nas", type: "nfs4", options: [], after: [] };
    const storage = [
      HostPathStorage.perNode("/var/scratch", { mountPath: "/scratch" }),
      { ...models, mount },
    ];
    const text = bootText(cluster({ cluster: { ...EMULATED, storage } }), "gpu-worker");
    expect(text.match(/What=\S+/g)).toEqual(["What=nas:/m"]);
  });

  it.each([1200, 1201, 1259])(
    "with a boot timeout of %i s has another stack for every other wait, since a wait condition cannot be updated",
    (bootTimeoutSeconds) => {
      const { template_body, timeout_in_minutes } = only(
        cluster({ backend: { bootTimeoutSeconds } }),
        "aws_cloudformation_stack",
      );
      // What the minutes do not tell apart must be equal: only they make Terraform replace the stack.
      const waits = Number(JSON.parse(template_body).Resources.Ready.Properties.Timeout);
      expect(timeout_in_minutes * 60 - waits).toBe(900);
    },
  );

  it("with deadlines beyond what a deployment can wait warns, and waits as long as it can", () => {
    const warnings: unknown[] = [];
    const stack = Synthesized.app((app) => {
      const { node } = buildAwsCluster(app, { cluster: { ...EMULATED, engineTimeoutSeconds: 50_000 } });
      warnings.push(...node.metadata.map(({ data }) => data as unknown));
    }, "llama");
    made.push(stack);
    expect(warnings).toContainEqual(expect.stringContaining("[RC453]"));
    const { Resources } = JSON.parse(only(stack, "aws_cloudformation_stack").template_body);
    expect(Resources.Ready.Properties.Timeout).toBe("43200");
  });
});
