import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AWS_STACKS, INPUTS, synthesize } from "../../support/aws-stacks";

const FOLDER = join(__dirname, "../../../docs/guides");
const guide = readFileSync(join(FOLDER, "first-deploy-on-aws.md"), "utf8");
const policy = JSON.parse(readFileSync(join(FOLDER, "first-deploy-on-aws.policy.json"), "utf8"));

/** Services whose resources do not begin with the service's own name; all others are EC2's. */
const SERVICES: readonly (readonly [type: RegExp, service: string])[] = [
  [/^aws_autoscaling/, "autoscaling"],
  [/^aws_cloudformation/, "cloudformation"],
  [/^aws_cloudwatch_log/, "logs"],
  [/^aws_efs/, "elasticfilesystem"],
  [/^aws_fsx/, "fsx"],
  [/^aws_iam/, "iam"],
  [/^aws_s3/, "s3"],
  [/^aws_secretsmanager/, "secretsmanager"],
  [/^aws_servicequotas/, "servicequotas"],
  [/^aws_ssm/, "ssm"],
];
/** Answered by the provider itself. */
const LOCAL = ["aws_partition", "aws_region", "terraform_data"];

describe("the guide of the first deployment on AWS", () => {
  it.each(AWS_STACKS)("has a policy with every service that $name uses", (row) => {
    const stack = synthesize(row, INPUTS);
    stack.remove();
    const types = [...Object.keys(stack.json.resource), ...Object.keys(stack.json.data)];
    const used = types
      .filter((type) => !LOCAL.includes(type))
      .map((type) => SERVICES.find(([prefix]) => prefix.test(type))?.[1] ?? "ec2");
    const allowed = new Set(
      policy.Statement.flatMap(({ Action }: any) => [Action].flat()).map(
        (action: string) => action.split(":")[0],
      ),
    );
    expect([...new Set(used)].filter((service) => !allowed.has(service))).toEqual([]);
  });

  it("allows nobody everything, and hands on no role of IAM's own", () => {
    const actions = policy.Statement.flatMap(({ Action }: any) => [Action].flat()) as string[];
    expect(actions.filter((action) => /^(\*|\w+:\*)$/.test(action))).toEqual([]);
    expect(actions.filter((action) => /AttachRolePolicy|iam:Create(User|AccessKey)/.test(action))).toEqual(
      [],
    );
  });

  it("has links that lead somewhere", () => {
    const links = [...guide.matchAll(/\]\(([^)#:]+)\)/g)].map(([, link]) => link);
    expect(links.length).toBeGreaterThan(1);
    expect(links.filter((link) => !existsSync(join(FOLDER, link)))).toEqual([]);
  });
});
