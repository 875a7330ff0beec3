import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { AwsBootStore } from "../../lib/aws/boot-store";
import { AwsClusterNetwork } from "../../lib/aws/cluster-network";
import { FsxLustreStorage } from "../../lib/aws/fsx-lustre-storage";
import { EfsStorage } from "../../lib/aws/nfs-storage";
import { AwsNodePool } from "../../lib/aws/node-pool";
import { UserData } from "../../lib/aws/user-data";
import { Fabric } from "../../lib/topology/fabric";
import { bootSpec } from "../bootstrap/support";
import { checkov, CHECKOV } from "../support/checkov";
import { describeWith } from "../support/requirements";
import { Synthesized } from "../support/synth";

jest.setTimeout(300_000);

const KEY = "arn:aws:kms:us-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef";

/** Findings that stay, each with its reason. */
const WITHOUT_OWN_KEYS = {
  CKV_AWS_145: "encrypted with the key of S3; kmsKeyArn takes one of your own",
  CKV_AWS_149: "encrypted with the key of Secrets Manager; kmsKeyArn takes one of your own",
  CKV_AWS_158: "encrypted with the key of CloudWatch; flowLogKmsKeyArn takes one of your own",
  CKV_AWS_184: "encrypted with the key of EFS; kmsKeyArn takes one of your own",
  CKV_AWS_190: "encrypted with the key of FSx; kmsKeyArn takes one of your own",
};
const ALWAYS = {
  CKV_AWS_18:
    "the bucket holds one file of programs that are public; the log of its readers would need a second bucket",
  CKV_AWS_144: "the file is made from the repository again wherever it is needed",
  CKV2_AWS_57: "Ray takes its token when it starts: a new one needs a new start, not a rotation",
  CKV2_AWS_61: "the bucket holds one small file and goes with the cluster",
  CKV2_AWS_62: "nobody waits for changes of the file",
  CKV2_AWS_5: "the group is that of FSx for Lustre, which Checkov does not count among what has groups",
};

function stackWith(kmsKeyArn?: string): Synthesized {
  return Synthesized.of((scope) => {
    new AwsProvider(scope, "aws", { region: "us-east-1" });
    const network = new AwsClusterNetwork(scope, "net", {
      availabilityZone: "us-east-1a",
      flowLogKmsKeyArn: kmsKeyArn,
    });
    const lustre = new FsxLustreStorage(scope, "models", { network, capacityTiB: 9.6, efa: true, kmsKeyArn });
    const efs = new EfsStorage(scope, "small", { network, kmsKeyArn });
    const mounts = [lustre.mount, efs.mount];
    const store = new AwsBootStore(scope, "llama", { files: bootSpec().container.files, kmsKeyArn });
    new AwsNodePool(scope, "gpu", {
      network,
      instanceType: "p5.48xlarge",
      nodes: 4,
      fabric: Fabric.EFA,
      headAddress: "10.20.0.10",
      userData: new UserData(scope, "boot", bootSpec({ mounts, program: { source: store.program } })).base64,
      permissions: store.permissions,
      headPermissions: store.headPermissions,
    });
  });
}

describeWith([CHECKOV], "Checkov", () => {
  it.each([
    ["as it is by default", undefined, { ...WITHOUT_OWN_KEYS, ...ALWAYS }],
    ["with a key of one's own", KEY, ALWAYS],
  ])("finds in a stack %s what has a reason, and nothing else", (_, kmsKeyArn, reasons) => {
    const stack = stackWith(kmsKeyArn);
    const { passed, findings } = checkov(stack);
    stack.remove();
    expect(findings.map(({ check }) => check).sort()).toEqual(Object.keys(reasons).sort());
    expect(passed).toBeGreaterThan(80);
  });

  it("would find a machine that answers metadata by IMDSv1, so its silence means something", () => {
    const stack = stackWith(KEY);
    for (const template of Object.values<any>(stack.resources("aws_launch_template"))) {
      template.metadata_options.http_tokens = "optional";
    }
    const { findings } = checkov(stack);
    stack.remove();
    expect(findings.filter(({ check }) => check === "CKV_AWS_79")).toHaveLength(2);
  });
});
