import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, Token } from "cdktf";
import { AwsInputs, INPUTS_TOPIC } from "../../../../lib/aws/account/aws-inputs";
import { judge } from "../../../../lib/problems/rule";
import { Synthesized } from "../../../support/synth";
import { describeRules } from "../support/rule-cases";

const outdir = mkdtempSync(join(tmpdir(), "ray-cluster-inputs-"));
afterAll(() => {
  rmSync(outdir, { recursive: true });
});

function inputs(aws: unknown): AwsInputs {
  const app = new App({ outdir });
  if (aws !== undefined) {
    app.node.setContext("aws", aws);
  }
  return AwsInputs.fromContext(new TerraformStack(app, "llama"));
}

const RESERVATION = "cr-0123456789abcdef0";

test("inputs in cdktf.json are those of the stack", () => {
  const found = inputs({
    llama: { region: "eu-central-1", availabilityZone: "eu-central-1b", maxUsdPerHour: 12.5 },
    other: { region: "us-east-1" },
  });
  expect([found.region, found.availabilityZone, found.maxUsdPerHour]).toEqual([
    "eu-central-1",
    "eu-central-1b",
    12.5,
  ]);
});

test.each([
  [{}, "on-demand", undefined],
  [{ capacityReservationId: RESERVATION }, "reservation", RESERVATION],
  [{ capacityBlockId: RESERVATION }, "capacity-block", RESERVATION],
])("%j is capacity %s", (llama, kind, id) => {
  expect(inputs({ llama }).capacity).toMatchObject({ kind, id });
});

test("an input that is read and not in cdktf.json is a variable", () => {
  const stack = Synthesized.of((scope) => {
    const found = AwsInputs.fromContext(scope);
    expect(Token.isUnresolved(found.availabilityZone)).toBe(true);
    // The second time it is the same variable.
    expect(Token.isUnresolved(found.availabilityZone)).toBe(true);
    expect(Token.isUnresolved(found.maxUsdPerHour)).toBe(true);
  });
  expect(stack.json.variable).toMatchObject({
    availability_zone: { type: "string", default: "" },
    max_usd_per_hour: { type: "number", default: 0 },
  });
  expect(Object.keys(stack.json.variable)).toHaveLength(2);
  const [check] = Object.values(stack.resources("terraform_data"));
  // The backend checks the price limit, which depends on its machines.
  expect(check.lifecycle.precondition).toHaveLength(1);
  expect(check.lifecycle.precondition[0].condition).toBe("${(length(var.availability_zone) >= 1)}");
  stack.remove();
});

test("an input that is in cdktf.json is a variable only to refuse --var, and there is no check", () => {
  const stack = Synthesized.app((app) => {
    app.node.setContext("aws", { test: { region: "us-east-1", maxUsdPerHour: 12.5 } });
    const found = AwsInputs.fromContext(new TerraformStack(app, "test"));
    expect([found.region, found.region, found.maxUsdPerHour]).toEqual(["us-east-1", "us-east-1", 12.5]);
  }, "test");
  const error = (name: string, option: string) =>
    `"${name}" has its value in cdktf.json, context.aws.test. Change it there, or remove it there and pass --var ${option}=<value>.`;
  expect(stack.json.variable).toMatchObject({
    region: {
      default: "",
      validation: [{ condition: '${var.region == ""}', error_message: error("region", "region") }],
    },
    max_usd_per_hour: {
      default: 0,
      validation: [
        {
          condition: "${var.max_usd_per_hour == 0}",
          error_message: error("maxUsdPerHour", "max_usd_per_hour"),
        },
      ],
    },
  });
  expect(stack.counts()).toEqual({});
  stack.remove();
});

const problems = (context: unknown) => judge(INPUTS_TOPIC, { stackName: "llama", context }, undefined);

describe("rules of the inputs", () => {
  describeRules<unknown>(
    [INPUTS_TOPIC],
    [
      ["us-east-1", "RC470", "context.aws", "'us-east-1'"],
      [{ llama: 1 }, "RC470", "context.aws.llama", "1"],
      [{ llama: { regions: "a" } }, "RC471", "context.aws.llama.regions", "'regions'"],
      [{ llama: { zone: "a" } }, "RC471", "context.aws.llama.zone", "'zone'"],
      [{ llama: { region: "" } }, "RC472", "context.aws.llama.region", "nothing"],
      [{ llama: { maxUsdPerHour: "250" } }, "RC472", "context.aws.llama.maxUsdPerHour", "'250'"],
      [{ llama: { capacityBlockId: "block" } }, "RC472", "context.aws.llama.capacityBlockId", "'block'"],
      // It may be the token itself.
      [
        { llama: { modelTokenSecretArn: "hf_abc" } },
        "RC472",
        "context.aws.llama.modelTokenSecretArn",
        "a value that is not shown",
      ],
    ],
    problems,
    join(__dirname, "inputs-rules.golden.txt"),
  );

  it.each([undefined, {}, { other: { zone: "a" } }])("accept %j", (context) => {
    expect(problems(context)).toEqual([]);
  });
});

test("a stack has them once, however often they are asked for", () => {
  const stack = new TerraformStack(new App({ outdir }), "llama");
  expect(AwsInputs.fromContext(stack)).toBe(AwsInputs.fromContext(stack));
});

test("wrong inputs are reported at synth, and the others can be read", () => {
  const app = new App({ outdir });
  app.node.setContext("aws", { llama: { region: "us-east-1", zone: "a" } });
  const found = AwsInputs.fromContext(new TerraformStack(app, "llama"));
  expect(found.region).toBe("us-east-1");
  expect(() => {
    app.synth();
  }).toThrow(/^1 problem in 1 place.*\n {2}llama\/aws-inputs context\.aws\.llama\.zone \[RC471\]/);
});
