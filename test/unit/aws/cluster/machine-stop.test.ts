import { fileOf, parseCloudConfig } from "../../bootstrap/support";
import { awsCluster } from "../../../support/aws-clusters";
import type { Synthesized } from "../../../support/synth";

const only = (stack: Synthesized, type: string): any => {
  const found = Object.values(stack.resources(type));
  expect(found).toHaveLength(1);
  return found[0];
};
const bootFile = (stack: Synthesized, role: string, file: string): string => {
  const text = Object.entries<string>(stack.json.locals).find(([key]) =>
    key.includes(`boot-gpu-${role}_`),
  )![1];
  return fileOf(parseCloudConfig(text.replaceAll("$${", "${")), `/etc/ray-cluster/boot/${file}`);
};
const statements = (stack: Synthesized): any[] =>
  Object.values<any>(stack.resources("aws_iam_role_policy")).flatMap(
    ({ policy }) => JSON.parse(policy).Statement,
  );

describe("onFailure: stop", () => {
  const stack = awsCluster({ backend: { onFailure: "stop", capacityTimeoutMinutes: 45 } });
  afterAll(() => stack.remove());
  const bucket = /^\$\{aws_s3_bucket\.\S+\.bucket\}$/;

  it("gives the head, and no worker, a program that ends the machines with the tag", () => {
    const [program, region, tag] = bootFile(stack, "head", "stop").trimEnd().split(" ");
    expect([program, region]).toEqual(["aws-stop.sh", expect.stringContaining("data.aws_region.")]);
    expect(tag).toMatch(bucket);
    expect(bootFile(stack, "worker", "stop")).toBe("");
    expect(bootFile(stack, "head", "settings")).toMatch(/^stop_unasked_seconds=4500$/m);
  });

  it("tags the head's machine and the group, but not the machines of the group", () => {
    expect(only(stack, "aws_instance").tags["ray-cluster"]).toMatch(bucket);
    expect(only(stack, "aws_autoscaling_group").tag).toContainEqual({
      key: "ray-cluster",
      value: expect.stringMatching(bucket),
      propagate_at_launch: false,
    });
  });

  it("lets the head change only what has the tag", () => {
    const changing = statements(stack).filter(({ Action }) =>
      ["autoscaling:UpdateAutoScalingGroup", "ec2:TerminateInstances"].includes(Action[0]),
    );
    expect(changing).toHaveLength(2);
    for (const { Condition } of changing) {
      expect(Condition).toEqual({
        StringEquals: { "aws:ResourceTag/ray-cluster": expect.stringMatching(bucket) },
      });
    }
  });

  it("says so in the error of a failed deployment and in the review", () => {
    const { Resources } = JSON.parse(only(stack, "aws_cloudformation_stack").template_body);
    expect(Resources.Address.Properties.Value["Fn::Sub"]).toMatch(/ The machines are ended if /);
    expect(stack.file("review.md")).toContain(
      "USD until the deployment gives up, then its machines are terminated",
    );
  });
});

test("by default nothing ends the machines, and the head may not", () => {
  const stack = awsCluster();
  try {
    expect(bootFile(stack, "head", "stop")).toBe("");
    expect(only(stack, "aws_instance").tags).not.toHaveProperty("ray-cluster");
    expect(JSON.stringify(statements(stack))).not.toContain("ec2:TerminateInstances");
    expect(stack.file("review.md")).toContain("**and it keeps costing until `destroy`**");
  } finally {
    stack.remove();
  }
});
