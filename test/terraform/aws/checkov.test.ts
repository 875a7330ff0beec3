import { AWS_STACKS, synthesize } from "../../support/aws-stacks";
import { awsParts, KMS_KEY } from "../../support/aws-parts";
import { checkov, CHECKOV } from "../../support/checkov";
import { ALL_EXPLAINED, compared, type Reasons } from "../../support/reasons";
import { describeWith } from "../../support/requirements";
import type { Synthesized } from "../../support/synth";

jest.setTimeout(300_000);

/** Findings that stay, each with its reason. Of a stack in JSON Checkov gives names without types. */
const OF_EFS: Reasons = {
  CKV_AWS_184: {
    on: /\.\w+_file-system_\w+$/,
    why: "encrypted with the key of EFS; kmsKeyArn takes one of your own",
  },
};
const OF_LUSTRE: Reasons = {
  CKV_AWS_190: {
    on: /\.\w+_file-system_\w+$/,
    why: "encrypted with the key of FSx; kmsKeyArn takes one of your own",
  },
};
const WITHOUT_OWN_KEYS: Reasons = {
  CKV_AWS_145: {
    on: /_bucket_\w+$/,
    why: "encrypted with the key of S3; kmsKeyArn takes one of your own",
  },
  CKV_AWS_149: {
    on: /_token_\w+$/,
    why: "encrypted with the key of Secrets Manager; kmsKeyArn takes one of your own",
  },
  CKV_AWS_158: {
    on: /_flow-log_group_\w+$/,
    why: "encrypted with the key of CloudWatch; flowLogKmsKeyArn takes one of your own",
  },
};
const ALWAYS: Reasons = {
  CKV_AWS_8: {
    on: /_head_\w+$/,
    why: "its template encrypts the disk; the provider cannot say it once more for an image that is looked up at launch",
  },
  CKV_AWS_18: {
    on: /_bucket_\w+$/,
    why: "the bucket holds one file of programs that are public; the log of its readers would need a second bucket",
  },
  CKV_AWS_144: {
    on: /_bucket_\w+$/,
    why: "the file is made from the repository again wherever it is needed",
  },
  CKV2_AWS_57: {
    on: /_token_\w+$/,
    why: "Ray takes its token when it starts: a new one needs a new start, not a rotation",
  },
  CKV2_AWS_61: {
    on: /_bucket_\w+$/,
    why: "the bucket holds one small file and goes with the cluster",
  },
  CKV2_AWS_62: { on: /_bucket_\w+$/, why: "nobody waits for changes of the file" },
};
const BESIDE_LUSTRE: Reasons = {
  CKV2_AWS_5: {
    on: /^aws_security_group\.models_access/,
    why: "the group is that of FSx for Lustre, which Checkov does not count among what has groups",
  },
};
const OF_CLUSTERS: Reasons = {
  CKV_AWS_158: {
    on: /_(flow-log|logs)_group_\w+$/,
    why: "encrypted with the key of CloudWatch; flowLogKmsKeyArn and logsKmsKeyArn take one of your own",
  },
  CKV_AWS_338: {
    on: /_logs_group_\w+$/,
    why: "what machines print is read within days, and may hold prompts; logRetentionDays keeps it longer",
  },
  CKV_AWS_124: {
    on: /_ready_stack_\w+$/,
    why: "the deployment itself waits for the stack and tells what became of it: nobody needs mail about it",
  },
};
const OF_STORAGE: { readonly [type: string]: Reasons } = {
  aws_efs_file_system: OF_EFS,
  aws_fsx_lustre_file_system: { ...OF_LUSTRE, ...BESIDE_LUSTRE },
};

const BY_DEFAULT = "by default";
const OWN_KEY = "with a key of one's own";
const IMDS_V1 = "with IMDSv1";

/** All of them, read by one run. */
function stacks(): { readonly [name: string]: Synthesized } {
  const open = awsParts(KMS_KEY);
  for (const template of Object.values<any>(open.resources("aws_launch_template"))) {
    template.metadata_options.http_tokens = "optional";
  }
  return {
    [BY_DEFAULT]: awsParts(),
    [OWN_KEY]: awsParts(KMS_KEY),
    [IMDS_V1]: open,
    ...Object.fromEntries(AWS_STACKS.map((expected) => [expected.name, synthesize(expected)])),
  };
}

describeWith([CHECKOV], "Checkov", () => {
  let reports: ReturnType<typeof checkov>;

  beforeAll(() => {
    const all = stacks();
    reports = checkov(all);
    Object.values(all).forEach((stack) => {
      stack.remove();
    });
  });

  it.each<[string, Reasons]>([
    [BY_DEFAULT, { ...WITHOUT_OWN_KEYS, ...OF_EFS, ...OF_LUSTRE, ...ALWAYS, ...BESIDE_LUSTRE }],
    [OWN_KEY, { ...ALWAYS, ...BESIDE_LUSTRE }],
    ...AWS_STACKS.map(({ name, storage }): [string, Reasons] => [
      name,
      { ...WITHOUT_OWN_KEYS, ...ALWAYS, ...OF_CLUSTERS, ...OF_STORAGE[storage] },
    ]),
  ])("finds in stack '%s' what has a reason, and nothing else", (name, reasons) => {
    const { passed, findings } = reports[name];
    expect(compared(findings, reasons)).toEqual(ALL_EXPLAINED);
    expect(passed).toBeGreaterThan(80);
  });

  it("finds a machine that answers metadata by IMDSv1, so its silence means something", () => {
    const { findings } = reports[IMDS_V1];
    expect(findings.filter(({ check }) => check === "CKV_AWS_79")).toHaveLength(2);
  });
});
