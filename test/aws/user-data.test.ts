import { TerraformVariable } from "cdktf";
import { AWS_SOURCES, s3Source, secretSource, template, UserData } from "../../lib/aws/user-data";
import { cloudConfig, USER_DATA_BUDGET_BYTES, userDataBytes } from "../../lib/bootstrap/cloud-config";
import { bootSpec } from "../bootstrap/support";
import { Synthesized } from "../support/synth";

const SECRET = "arn:aws:secretsmanager:us-east-1:111122223333:secret:ray-AbCdEf";

function synthesize(server: (variable: string) => string): Synthesized {
  return Synthesized.of((scope) => {
    const variable = new TerraformVariable(scope, "server", { type: "string" });
    const mounts = [
      { source: server(variable.stringValue), hostPath: "/m", type: "nfs4", options: [], after: [] },
    ];
    new UserData(scope, "boot", bootSpec({ mounts }));
  });
}

const textOf = (stack: Synthesized): string => Object.values<string>(stack.json.locals)[0];

it("is one text, in which a late value stays a reference and all else is escaped", () => {
  const stack = synthesize((variable) => `${variable}:/models`);
  const text = textOf(stack);
  expect(text).toContain("What=${var.server}:/models");
  expect(text.replace("${var.server}", "").match(/(?<!\$)[$%]\{/g)).toBeNull();
  expect(text).toContain("$${BASH_SOURCE[0]%/*}");
  stack.remove();
});

it("brings the programs that ask AWS", () => {
  const stack = synthesize(() => "nas:/models");
  for (const { path } of AWS_SOURCES) {
    expect(textOf(stack)).toContain(`path: ${path}`);
  }
  expect(AWS_SOURCES).toHaveLength(3);
  stack.remove();
});

it("keeps the budget with everything in it", () => {
  const text = cloudConfig(
    bootSpec({
      files: AWS_SOURCES,
      program: { source: s3Source("us-east-1", `s3://${"b".repeat(63)}/${"f".repeat(64)}`) },
      secrets: [
        { name: "ray-token", source: secretSource("us-east-1", SECRET, true) },
        { name: "model", source: secretSource("us-east-1", SECRET) },
      ],
    }),
  );
  expect(userDataBytes(text)).toBeLessThanOrEqual(USER_DATA_BUDGET_BYTES);
});

it("that is too large stops the synth", () => {
  const content = Array.from({ length: 40_000 }, (_, i) => Math.abs(Math.sin(i) * 1e7).toString(36)[2]).join(
    "",
  );
  expect(() =>
    Synthesized.of((scope) => {
      new UserData(scope, "boot", bootSpec({ files: [{ path: "/x", content }] }));
    }),
  ).toThrow(/user data of test\/boot has \d+ bytes after gzip, and EC2 takes 16384/);
});

it("says where a secret lies, never what it is", () => {
  expect(secretSource("us-east-1", SECRET)).toEqual({
    name: "aws-secret.sh",
    arguments: ["us-east-1", SECRET],
  });
  expect(secretSource("us-east-1", SECRET, true).arguments.at(-1)).toBe("create");
});

it.each([
  ["a ${b} %{c}", "a $${b} %%{c}"],
  ["${TfToken[TOKEN.1]}:/${TfToken[TOKEN.22]} ${x}", "${TfToken[TOKEN.1]}:/${TfToken[TOKEN.22]} $${x}"],
])("template %s is %s", (text, expected) => {
  expect(template(text, "test")).toBe(expected);
});
