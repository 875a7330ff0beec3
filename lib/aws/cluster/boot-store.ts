import { createHash } from "node:crypto";
import { DataAwsRegion } from "@cdktf/provider-aws/lib/data-aws-region";
import { S3Bucket } from "@cdktf/provider-aws/lib/s3-bucket";
import { S3BucketPolicy } from "@cdktf/provider-aws/lib/s3-bucket-policy";
import { S3BucketPublicAccessBlock } from "@cdktf/provider-aws/lib/s3-bucket-public-access-block";
import { S3BucketServerSideEncryptionConfigurationA } from "@cdktf/provider-aws/lib/s3-bucket-server-side-encryption-configuration";
import { S3BucketVersioningA } from "@cdktf/provider-aws/lib/s3-bucket-versioning";
import { S3Object } from "@cdktf/provider-aws/lib/s3-object";
import { SecretsmanagerSecret } from "@cdktf/provider-aws/lib/secretsmanager-secret";
import { Construct } from "constructs";
import { bundleText } from "../../bootstrap/bundle";
import type { BootBuild, BootSource } from "../../bootstrap/boot-spec";
import type { ContainerFile } from "../../runtime/container-spec/container-spec";
import { literal } from "../../terraform/encode";
import { constrainProvider } from "../../terraform/provider-versions";
import { addStackFile } from "../../terraform/stack-files";
import { denyPlainHttp, type Permission } from "../policy";
import { s3Source, secretSource } from "./user-data";

/** S3 takes 37 letters, to which the provider adds 26. */
const BUCKET_PREFIX = 37;
const SUFFIX = "-boot-";

/** What all machines of a cluster get from one place. */
export interface AwsBootStoreProps {
  /** Begins the names of what is created. @default - the construct's id */
  readonly name?: string;
  /** Files of the containers; `node.json` is each machine's own. */
  readonly files: readonly ContainerFile[];
  /** How the machines make the container's image. @default - it is pulled */
  readonly build?: BootBuild;
  /**
   * ARN of a KMS key for both.
   *
   * @default - the keys of S3 and of Secrets Manager
   */
  readonly kmsKeyArn?: string;
  /** The provider's region. @default - it is asked for here */
  readonly region?: string;
}

/**
 * Where the machines of a cluster get what is too large for user data, and what Terraform must not know: a bucket with
 * the node program, and a secret for the Ray token. The secret starts without a value; the head puts one in.
 */
export class AwsBootStore extends Construct {
  public readonly program: BootSource;
  /** The Ray token, for workers: they wait until there is one. */
  public readonly token: BootSource;
  /** The same for the head, which makes it. */
  public readonly tokenOfHead: BootSource;
  /** What every machine needs for these. */
  public readonly permissions: readonly Permission[];
  /** What the head needs besides. */
  public readonly headPermissions: readonly Permission[];

  public constructor(scope: Construct, id: string, props: AwsBootStoreProps) {
    super(scope, id);
    constrainProvider(this, "aws");
    const region = props.region ?? new DataAwsRegion(this, "region").id;
    const name = props.name ?? id;
    const bucket = this.bucket(name, props.kmsKeyArn);
    const text = bundleText(props.files, props.build);
    const hash = createHash("sha256").update(text).digest("hex");
    const source = `files/${name}-boot.json`;
    addStackFile(this, source, text);
    const object = new S3Object(this, "files", {
      bucket: bucket.bucket,
      // By its hash: a machine never gets other files than those that it was made with.
      key: `${hash.slice(0, 16)}.json`,
      source: literal(source, "path of a file"),
      sourceHash: hash,
      contentType: "application/json",
    });
    const secret = new SecretsmanagerSecret(this, "token", {
      namePrefix: `${name}-ray-token-`,
      description: "Ray token of a cluster; its head makes the value",
      kmsKeyId: props.kmsKeyArn,
      // A token that is made anew is as good, and its name is free again.
      recoveryWindowInDays: 0,
      tags: { Name: name },
    });
    this.program = s3Source(region, `s3://${bucket.bucket}/${object.key}`);
    this.token = secretSource(region, secret.arn);
    this.tokenOfHead = secretSource(region, secret.arn, true);
    this.permissions = [
      { actions: ["s3:GetObject"], resources: [`${bucket.arn}/${object.key}`] },
      { actions: ["secretsmanager:GetSecretValue"], resources: [secret.arn] },
      ...(props.kmsKeyArn === undefined ? [] : [{ actions: ["kms:Decrypt"], resources: [props.kmsKeyArn] }]),
    ];
    this.headPermissions = [
      { actions: ["secretsmanager:PutSecretValue"], resources: [secret.arn] },
      ...(props.kmsKeyArn === undefined
        ? []
        : [{ actions: ["kms:GenerateDataKey"], resources: [props.kmsKeyArn] }]),
    ];
  }

  private bucket(name: string, kmsKeyArn: string | undefined): S3Bucket {
    const bucket = new S3Bucket(this, "bucket", {
      bucketPrefix: `${name.slice(0, BUCKET_PREFIX - SUFFIX.length)}${SUFFIX}`,
      // All that is in it lies in the repository, too.
      forceDestroy: true,
      tags: { Name: name },
    });
    const closed = new S3BucketPublicAccessBlock(this, "closed", {
      bucket: bucket.bucket,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    new S3BucketPolicy(this, "policy", {
      bucket: bucket.bucket,
      policy: denyPlainHttp(bucket.arn),
      dependsOn: [closed],
    });
    new S3BucketVersioningA(this, "versions", {
      bucket: bucket.bucket,
      versioningConfiguration: { status: "Enabled" },
    });
    new S3BucketServerSideEncryptionConfigurationA(this, "encryption", {
      bucket: bucket.bucket,
      rule: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: kmsKeyArn === undefined ? "AES256" : "aws:kms",
            kmsMasterKeyId: kmsKeyArn,
          },
          bucketKeyEnabled: kmsKeyArn === undefined ? undefined : true,
        },
      ],
    });
    return bucket;
  }
}
