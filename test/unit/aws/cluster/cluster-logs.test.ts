import { awsCluster } from "../../../support/aws-clusters";
import type { Synthesized } from "../../../support/synth";
import { fileOf, parseCloudConfig } from "../../bootstrap/support";

const KEY = "arn:aws:kms:us-east-1:111122223333:key/0123";

describe("Logs of a cluster", () => {
  const stack = awsCluster({ backend: { logRetentionDays: 90, logsKmsKeyArn: KEY } });
  const withoutLogs = awsCluster({ backend: { cloudWatchLogs: false } });
  afterAll(() => {
    stack.remove();
    withoutLogs.remove();
  });

  it("have a group that no other cluster has, with retention and key", () => {
    expect(groupOf(stack)).toEqual([
      expect.objectContaining({
        name: expect.stringMatching(/^\/ray-cluster\/\$\{aws_s3_bucket\.\S+\.bucket\}$/),
        retention_in_days: 90,
        kms_key_id: KEY,
      }),
    ]);
  });

  it.each(["head", "worker"])("are copied by a service that the boot of the %s starts", (role) => {
    const config = parseCloudConfig(bootOf(stack, role));
    expect(fileOf(config, "/etc/ray-cluster/boot/logs")).toMatch(
      /^aws-logs\.sh \$\{data\.aws_region\.\S+\} \$\{aws_cloudwatch_log_group\.\S+\.name\}\n$/,
    );
    expect(fileOf(config, "/usr/local/lib/ray-cluster/sources/aws-logs.sh")).toContain("put-log-events");
  });

  it("are copied by programs of the bundle, which user data has no room for", () => {
    const bundle = Object.keys(JSON.parse(stack.file("files/llama-boot.json")));
    for (const name of [
      "usr/local/lib/ray-cluster/ship_logs.py",
      "etc/systemd/system/ray-cluster-logs.service",
    ]) {
      expect(bundle).toContain(`host:/${name}`);
    }
  });

  it("may be written by head and workers, in this group alone", () => {
    const granted = statements(stack).filter(({ Action }) => Action.includes("logs:PutLogEvents"));
    const own = granted.filter(({ Resource }) => !JSON.stringify(Resource).includes("flow-log"));
    const group = expect.stringMatching(/^\$\{aws_cloudwatch_log_group\.llama_logs_group_\w+\.arn\}(:\*)?$/);
    expect(own).toHaveLength(2);
    for (const { Action, Resource } of own) {
      expect(Action).toEqual(["logs:CreateLogStream", "logs:PutLogEvents"]);
      expect(Resource).toEqual([group, group]);
    }
  });

  it("are in the output, with the commands that show them and reach the head", () => {
    const { value } = stack.json.output["llama-access"];
    expect(value.headInstance).toMatch(/^\$\{aws_instance\.\S+\.id\}$/);
    expect(value.logs).toBe(
      `aws logs tail ${value.logGroup} --region \${data.aws_region.${regionOf(value.logs)}.id} --follow`,
    );
    expect(value.shell).toMatch(/^aws ssm start-session --region \S+ --target \$\{aws_instance\.\S+\.id\}$/);
    expect(value.forward).toBe(
      `${value.shell} --document-name AWS-StartPortForwardingSession --parameters portNumber=8000,localPortNumber=8000`,
    );
  });

  it("are in the review: their price is not known, and they go with destroy", () => {
    expect(stack.file("review.md")).toMatch(/CloudWatch Logs by volume.*(unknown|no price)/);
    expect(stack.file("review.md")).toContain("the logs in CloudWatch");
  });

  it("stay on the machines where the user says so", () => {
    expect(groupOf(withoutLogs)).toEqual([]);
    const config = parseCloudConfig(bootOf(withoutLogs, "head"));
    expect(fileOf(config, "/etc/ray-cluster/boot/logs")).toBe("");
    expect(Object.keys(withoutLogs.json.output["llama-access"].value)).toEqual([
      "forward",
      "headInstance",
      "shell",
    ]);
    expect(withoutLogs.file("review.md")).not.toContain("CloudWatch Logs, by");
  });
});

function groupOf(stack: Synthesized): any[] {
  return Object.entries<any>(stack.resources("aws_cloudwatch_log_group"))
    .filter(([name]) => !name.includes("flow-log"))
    .map(([, group]) => group);
}

function bootOf(stack: Synthesized, role: string): string {
  const [, text] = Object.entries<string>(stack.json.locals).find(([key]) =>
    key.includes(`boot-gpu-${role}_`),
  )!;
  return text.replaceAll("$${", "${");
}

function statements(stack: Synthesized): any[] {
  return Object.values<any>(stack.resources("aws_iam_role_policy")).flatMap(
    ({ policy }) => JSON.parse(policy).Statement,
  );
}

function regionOf(text: string): string {
  return /data\.aws_region\.([\w-]+)\.id/.exec(text)![1];
}
