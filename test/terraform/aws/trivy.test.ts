import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AWS_STACKS, synthesize } from "../../support/aws-stacks";
import { awsParts, KMS_KEY } from "../../support/aws-parts";
import { AWS_PROVIDER, awsTerraform } from "../../support/aws-provider";
import { hclOf } from "../../support/hcl";
import { ALL_EXPLAINED, compared, type Reasons } from "../../support/reasons";
import { describeWith, TERRAFORM } from "../../support/requirements";
import { trivy, TRIVY_CHECKS } from "../../support/trivy";
import { BROKEN, type Resource, Resources } from "./broken-policy";

jest.setTimeout(900_000);

/**
 * Trivy itself is served by no registry that this project builds from. Its checks of Terraform are: `trivy-iac` 0.8.0 is
 * their last module of their own, of January 2024, before they moved into Trivy; `test/tools/trivy/main.go` is the
 * program around it. The ids have stayed the same but for a prefix (`AVD-AWS-0104` is `AWS-0104` now), and tfsec was
 * their first name. What they do not look at by themselves, for their age or because it stands in another kind of
 * resource, they are shown in one that they know; two checks are ours (`test/support/trivy.ts`). They see no block in
 * JSON, so they read the stack in Terraform's own syntax (`test/support/hcl.ts`).
 */
const WITHOUT_OWN_KEYS: Reasons = {
  "AWS-0017": {
    on: /^aws_cloudwatch_log_group\..*(flow-log|logs)_group/,
    why: "encrypted with the key of CloudWatch; flowLogKmsKeyArn and logsKmsKeyArn take one of your own",
  },
  "AWS-0098": {
    on: /^aws_secretsmanager_secret\..*token/,
    why: "encrypted with the key of Secrets Manager; kmsKeyArn takes one of your own",
  },
  "AWS-0132": { on: /^aws_s3_bucket/, why: "encrypted with the key of S3; kmsKeyArn takes one of your own" },
};
const ALWAYS: Reasons = {
  "AWS-0131": {
    on: /^aws_instance\..*head/,
    why: "its template encrypts the disk; the provider cannot say it once more for an image that is looked up at launch",
  },
  "AWS-0057": {
    on: /^aws_iam_(role_)?policy\..*(flow-log|session-manager)/,
    why:
      "the wildcard stands for the streams of one log group, which get their names when they are written, and for the " +
      "channels of Session Manager, whose actions take no resource",
  },
  "AWS-0089": {
    on: /^aws_s3_bucket\./,
    why: "the bucket holds one file of programs that are public; the log of its readers would need a second bucket",
  },
};

/** What the stacks of this repository say on purpose besides. */
const OF_STACKS: Reasons = {
  "AWS-0104": {
    on: /^aws_security_group_rule\.network_machines_out-0-(80|443)_/,
    why: "egressCidrs names the whole internet: the model's hub, AWS's public registry and the index of Python packages have no fixed addresses",
  },
};

function jsonOf(kmsKeyArn?: string): Resource {
  const parts = awsParts(kmsKeyArn);
  parts.remove();
  return parts.json;
}

describeWith([TRIVY_CHECKS], "Trivy's checks", () => {
  it("find in the parts of lib/aws what has a reason, and nothing else", () => {
    const [byDefault, withKey] = trivy([jsonOf(), jsonOf(KMS_KEY)]);
    expect(compared(byDefault, { ...WITHOUT_OWN_KEYS, ...ALWAYS })).toEqual(ALL_EXPLAINED);
    expect(compared(withKey, ALWAYS)).toEqual(ALL_EXPLAINED);
  });

  it("find in every stack of this repository what has a reason, and nothing else", () => {
    const stacks = AWS_STACKS.map((expected) => synthesize(expected));
    stacks.forEach((stack) => {
      stack.remove();
    });
    const reasons = { ...WITHOUT_OWN_KEYS, ...ALWAYS, ...OF_STACKS };
    const found = trivy(stacks.map(({ json }) => json)).map((findings) => compared(findings, reasons));
    expect(found).toEqual(AWS_STACKS.map(() => ALL_EXPLAINED));
  });

  it("would find each thing that is not there", () => {
    const good = jsonOf(KMS_KEY);
    // One stack for all changes that leave the resources where they are, and one for each that takes some away.
    const together = structuredClone(good);
    const broken = BROKEN.map(([id, , change]) => {
      const alone = new Resources(structuredClone(good), id);
      change(alone);
      if (!alone.hasLost) {
        change(new Resources(together, id));
      }
      return alone.hasLost ? alone.stack : together;
    });
    const stacks = [...new Set(broken)];
    const found = trivy(stacks).map((findings) => findings.map(({ check }) => check));
    const missed = BROKEN.filter(([id], index) => !found[stacks.indexOf(broken[index])].includes(id));
    expect(missed.map(([id, what]) => [id, what])).toEqual([]);
    expect(new Set(BROKEN.map(([id]) => id)).size).toBe(BROKEN.length);
    expect(BROKEN.filter(([id]) => id in ALWAYS)).toEqual([]);
  });
});

describeWith([TERRAFORM, AWS_PROVIDER], "a stack in Terraform's own syntax", () => {
  it("is one that the real provider takes, so the checks read what is deployed", () => {
    const stacks = [awsParts(KMS_KEY), synthesize(AWS_STACKS[0])];
    const folder = mkdtempSync(join(tmpdir(), "ray-cluster-hcl-"));
    try {
      const { terraform } = stacks[0].json;
      writeFileSync(join(folder, "versions.tf.json"), JSON.stringify({ terraform }));
      for (const stack of stacks) {
        stack.remove();
        writeFileSync(join(folder, "main.tf"), hclOf(stack.json));
        awsTerraform(folder, "init", "-backend=false", "-input=false");
        expect(awsTerraform(folder, "validate")).toContain("Success!");
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
