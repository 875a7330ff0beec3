import { existsSync } from "node:fs";
import { join } from "node:path";
import { AWS_PROVIDER, awsTerraform, takeOffline } from "../../support/aws-provider";
import { describeWith, TERRAFORM } from "../../support/requirements";
import type { Synthesized } from "../../support/synth";
import { AWS_STACKS, type AwsStack, INPUTS, synthesize } from "../../support/aws-stacks";

jest.setTimeout(300_000);

/** The inputs as `--var` gives them. */
const VALUES: { readonly [variable: string]: string } = {
  region: INPUTS.region,
  availability_zone: INPUTS.availabilityZone,
  model_token_secret_arn: INPUTS.modelTokenSecretArn,
  max_usd_per_hour: String(INPUTS.maxUsdPerHour),
};
const CONTEXT_NAMES: { readonly [variable: string]: string } = {
  region: "region",
  availability_zone: "availabilityZone",
  model_token_secret_arn: "modelTokenSecretArn",
  max_usd_per_hour: "maxUsdPerHour",
};

/** What Terraform says, on one line as a person reads it. */
function refusalOf(plan: () => string): string {
  try {
    return `it was planned: ${plan().slice(-200)}`;
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr).replace(/\s+/g, " ");
  }
}

const variables = (names: readonly string[]) => names.map((name) => `-var=${name}=${VALUES[name]}`);
const sum = (stack: Synthesized) => Object.values(stack.counts()).reduce((total, count) => total + count, 0);
const plan = ({ folder }: Synthesized, ...words: string[]) =>
  awsTerraform(folder, "plan", "-input=false", ...words);

describeWith([TERRAFORM, AWS_PROVIDER], "the real AWS provider, offline", () => {
  const stacks: Synthesized[] = [];
  afterAll(() => {
    stacks.forEach((stack) => {
      stack.remove();
    });
  });

  function initialised(expected: AwsStack, inputs?: object): Synthesized {
    const stack = synthesize(expected, inputs, takeOffline);
    stacks.push(stack);
    awsTerraform(stack.folder, "init", "-input=false", "-backend-config=path=terraform.tfstate");
    return stack;
  }

  it.each(AWS_STACKS.map((expected) => [expected.name, expected] as const))(
    "plans %s as it was synthesized, and refuses it without its inputs",
    (name, expected) => {
      const stack = initialised(expected);
      expect(plan(stack, ...variables(expected.inputs))).toContain(
        `Plan: ${sum(stack)} to add, 0 to change, 0 to destroy.`,
      );
      const refusal = refusalOf(() => plan(stack));
      expect(refusal.match(/Resource precondition failed/g)).toHaveLength(expected.inputs.length);
      for (const missing of expected.inputs) {
        expect(refusal).toContain(`Set "${CONTEXT_NAMES[missing]}" in cdktf.json`);
        expect(refusal).toContain(`"context": { "aws": { "${name}": { "${CONTEXT_NAMES[missing]}": `);
        expect(refusal).toContain(`pass --var ${missing}=`);
      }
      // Nothing has been made, not even a state.
      expect(existsSync(join(stack.folder, "terraform.tfstate"))).toBe(false);
    },
  );

  it("refuses a stack without one of its inputs", () => {
    const [expected] = AWS_STACKS;
    const [missing, ...given] = ["availability_zone", "region", "max_usd_per_hour"];
    const refusal = refusalOf(() => plan(initialised(expected), ...variables(given)));
    expect(refusal.match(/Error:/g)).toHaveLength(1);
    expect(refusal).toContain(`pass --var ${missing}=`);
  });

  it("takes the inputs of cdktf.json, and refuses a price limit below the price", () => {
    const [expected] = AWS_STACKS;
    const stack = initialised(expected, INPUTS);
    expect(plan(stack)).toContain(`Plan: ${sum(stack)} to add, 0 to change, 0 to destroy.`);
    const { maxUsdPerHour, ...others } = INPUTS;
    const refusal = refusalOf(() =>
      plan(initialised(expected, others), `-var=max_usd_per_hour=${maxUsdPerHour / 1000}`),
    );
    expect(refusal.match(/Error:/g)).toHaveLength(1);
    expect(refusal).toContain(`This plan costs ${expected.usdPerHour} USD per hour`);
  });
});
