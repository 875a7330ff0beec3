import { createHash } from "node:crypto";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { AwsBootSources } from "../../../../lib/aws/cluster/boot-sources";
import { AwsClusterNetwork } from "../../../../lib/aws/network/cluster-network";
import { AwsNodePool } from "../../../../lib/aws/pool/node-pool";
import { UserData } from "../../../../lib/aws/cluster/user-data";
import { USER_DATA_BUDGET_BYTES, userDataBytes } from "../../../../lib/bootstrap/cloud-config";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { bootSpec, fileOf, parseCloudConfig } from "../../bootstrap/support";
import { Synthesized } from "../../../support/synth";

const { container } = bootSpec();

/** A whole cluster, put together without a backend. */
const stack = Synthesized.of((scope) => {
  new AwsProvider(scope, "aws", { region: "us-east-1" });
  const network = new AwsClusterNetwork(scope, "net", { availabilityZone: "us-east-1a" });
  const store = new AwsBootSources(scope, "llama", { files: container.files });
  const boot = (id: string, token: typeof store.token) =>
    new UserData(
      scope,
      id,
      bootSpec({ program: store.program, secrets: [{ name: "ray-token", source: token }] }),
    ).base64;
  new AwsNodePool(scope, "gpu", {
    network,
    instanceType: "p5.48xlarge",
    nodes: 4,
    fabric: Fabric.EFA,
    headAddress: "10.20.0.10",
    userData: boot("worker", store.token),
    headUserData: boot("head", store.tokenOfHead),
    permissions: store.permissions,
    headPermissions: store.headPermissions,
  });
});
afterAll(() => {
  stack.remove();
});

const all = (type: string) => Object.values(stack.resources(type));
const texts = Object.entries<string>(stack.json.locals);
const textOf = (name: string) =>
  texts
    .find(([key]) => key.startsWith(name))![1]
    .replaceAll("$${", "${")
    .replaceAll("%%{", "%{");

test("boot sources are a private bucket with one file, and a secret without a value", () => {
  expect(stack.counts()).toMatchObject({
    aws_s3_bucket: 1,
    aws_s3_object: 1,
    aws_s3_bucket_public_access_block: 1,
    aws_s3_bucket_policy: 1,
    aws_s3_bucket_versioning: 1,
    aws_s3_bucket_server_side_encryption_configuration: 1,
    aws_secretsmanager_secret: 1,
  });
  expect(stack.counts()).not.toHaveProperty("aws_secretsmanager_secret_version");
  expect(stack.text).not.toMatch(/secret_string|random_/);
});

test("the object has the hash that the machines verify", () => {
  const [object] = all("aws_s3_object");
  const hash = createHash("sha256").update(stack.file(object.source)).digest("hex");
  expect(object.source_hash).toBe(hash);
  expect(object.key).toBe(`${hash.slice(0, 16)}.json`);
  const settings = fileOf(parseCloudConfig(textOf("worker")), "/etc/ray-cluster/boot/settings");
  expect(settings).toContain(`program_sha256=${hash}\n`);
});

test("head and workers read the same sources, and only the head creates the token", () => {
  const lines = ["head", "worker"].map((name) => {
    const config = parseCloudConfig(textOf(name));
    expect(fileOf(config, "/etc/ray-cluster/boot/program")).toMatch(
      /^aws-s3\.sh \$\{data\.aws_region\.\S+\.id\} s3:\/\/\$\{aws_s3_bucket\.\S+\.bucket\}\/\$\{aws_s3_object\.\S+\.key\}\n$/,
    );
    return fileOf(config, "/etc/ray-cluster/boot/secrets");
  });
  const secret =
    /^ray-token aws-secret\.sh \$\{data\.aws_region\.\S+\.id\} \$\{aws_secretsmanager_secret\.\S+\.arn\}/;
  expect(lines[0]).toMatch(new RegExp(`${secret.source} create\\n$`));
  expect(lines[1]).toMatch(new RegExp(`${secret.source}\\n$`));
});

test("permissions are those for object and secret", () => {
  const statements = all("aws_iam_role_policy")
    .filter(({ name_prefix }) => name_prefix === "named-")
    .map(({ policy }) => JSON.parse(policy).Statement.map(({ Action }: any) => Action.join()))
    .sort((a, b) => a.length - b.length);
  expect(statements).toEqual([
    ["s3:GetObject", "secretsmanager:GetSecretValue"],
    ["s3:GetObject", "secretsmanager:GetSecretValue", "s3:GetObject", "secretsmanager:PutSecretValue"],
  ]);
  const named = all("aws_iam_role_policy").filter(({ name_prefix }) => name_prefix === "named-");
  expect(JSON.stringify(named)).not.toContain('"Resource\\":[\\"*\\"]');
});

test("user data stays within its budget", () => {
  for (const [, text] of texts) {
    expect(userDataBytes(text)).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
  }
});
