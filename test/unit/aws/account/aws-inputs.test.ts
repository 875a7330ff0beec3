import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, TerraformStack, Token } from "cdktf";
import { AwsInputs } from "../../../../lib/aws/account/aws-inputs";
import { Synthesized } from "../../../support/synth";

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

test("what cdktf.json has for the stack is taken as it is", () => {
  const found = inputs({
    llama: { region: "eu-central-1", availabilityZone: "eu-central-1b", consentUsdPerHour: 12.5 },
    other: { region: "us-east-1" },
  });
  expect([found.region, found.availabilityZone, found.consentUsdPerHour]).toEqual([
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

test("what it lacks is a variable that is asked for, once, and nothing else is", () => {
  const stack = Synthesized.of((scope) => {
    const found = AwsInputs.fromContext(scope);
    expect(Token.isUnresolved(found.availabilityZone)).toBe(true);
    // A second look is the same variable.
    expect(Token.isUnresolved(found.availabilityZone)).toBe(true);
    expect(Token.isUnresolved(found.consentUsdPerHour)).toBe(true);
  });
  expect(stack.json.variable).toMatchObject({
    availability_zone: { type: "string", default: "" },
    consent_usd_per_hour: { type: "number", default: 0 },
  });
  expect(Object.keys(stack.json.variable)).toHaveLength(2);
  const [check] = Object.values(stack.resources("terraform_data"));
  // The price belongs to the machines: their backend asks for it.
  expect(check.lifecycle.precondition).toHaveLength(1);
  expect(check.lifecycle.precondition[0].condition).toBe("${(length(var.availability_zone) >= 1)}");
  stack.remove();
});

test("with everything in cdktf.json there is neither a variable nor a check", () => {
  const stack = Synthesized.app((app) => {
    app.node.setContext("aws", { test: { region: "us-east-1" } });
    expect(AwsInputs.fromContext(new TerraformStack(app, "test")).region).toBe("us-east-1");
  }, "test");
  expect(stack.json).not.toHaveProperty("variable");
  expect(stack.counts()).toEqual({});
  stack.remove();
});

const WHERE = `context "aws" of cdktf.json, stack 'llama': `;
test.each([
  ["us-east-1", `${WHERE}must be an object for each stack, e.g. { "llama": { "region": "us-east-1" } }`],
  [{ llama: 1 }, `${WHERE}must be an object for each stack, e.g. { "llama": { "region": "us-east-1" } }`],
  [{ llama: { zone: "a" } }, `${WHERE}there is no input 'zone'; use region, availabilityZone, `],
  [{ llama: { regions: "a" } }, `${WHERE}there is no input 'regions'; did you mean 'region'?`],
  [{ llama: { region: "" } }, `${WHERE}'region' is the region, a string such as us-east-1`],
  [
    { llama: { consentUsdPerHour: "250" } },
    `${WHERE}'consentUsdPerHour' is the price per hour that you agree to, in USD, a number such as 250`,
  ],
  [
    { llama: { capacityBlockId: "block" } },
    `${WHERE}'capacityBlockId' is the Capacity Block that the machines come`,
  ],
  [
    { llama: { modelTokenSecretArn: "hf_abc" } },
    `${WHERE}'modelTokenSecretArn' is the secret of AWS Secrets Manager`,
  ],
])("context %j is refused", (aws, message) => {
  expect(() => inputs(aws)).toThrow(message);
});

test("a token that somebody wrote where its secret's name belongs is not repeated", () => {
  expect(() => inputs({ llama: { modelTokenSecretArn: "hf_abc" } })).not.toThrow("hf_abc");
});
