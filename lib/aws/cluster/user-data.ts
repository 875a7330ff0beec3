import { join } from "node:path";
import { Fn, TerraformLocal, Token } from "cdktf";
import { Construct } from "constructs";
import { sourcesOf } from "../../bootstrap/boot-files";
import type { BootSource, BootSpec } from "../../bootstrap/boot-spec";
import { cloudConfig, userDataBytes } from "../../bootstrap/cloud-config";
import { rootfsFile } from "../../bootstrap/rootfs-file";
import { judge } from "../../problems/rule";
import { reportProblems } from "../../terraform/app-problems";
import { template } from "../../terraform/template";
import { USER_DATA_TOPIC } from "./built-rules";

const ROOTFS = join(__dirname, "../rootfs");
const SOURCES = [
  ...["aws-ecr.sh", "aws-logs.sh", "aws-parameter.sh", "aws-s3.sh", "aws-s3-sync.sh", "aws-secret.sh"],
  "aws-stop.sh",
];

/**
 * The boot of a node as EC2 takes it: gzip, then base64, both by Terraform, because the text may hold a value that is
 * known only at apply (the name of a file system).
 */
export class UserData extends Construct {
  /** Base64 of gzip. */
  public readonly base64: string;

  public constructor(scope: Construct, id: string, spec: BootSpec) {
    super(scope, id);
    const text = cloudConfig(withSources(spec));
    reportProblems(this, judge(USER_DATA_TOPIC, userDataBytes(text), undefined));
    const local = new TerraformLocal(this, "text", template(text, `user data of ${this.node.path}`));
    this.base64 = Token.asString(Fn.base64gzip(local.asString));
  }
}

/** A boot with the programs by which it reads from AWS. */
function withSources(spec: BootSpec): BootSpec {
  const named = new Set(sourcesOf(spec).map(({ name }) => name));
  const files = SOURCES.filter((name) => named.has(name)).map((name) =>
    rootfsFile(ROOTFS, `usr/local/lib/ray-cluster/sources/${name}`),
  );
  return { ...spec, files: [...files, ...(spec.files ?? [])] };
}

/** A secret of AWS Secrets Manager. @param create whether this machine puts a random value into an empty one */
export function secretSource(region: string, arn: string, create = false): BootSource {
  return { name: "aws-secret.sh", arguments: [region, arn, ...(create ? ["create"] : [])] };
}

/** An object of S3. */
export function s3Source(region: string, uri: string): BootSource {
  return { name: "aws-s3.sh", arguments: [region, uri] };
}

/** A parameter of Systems Manager; it need not exist yet. */
export function parameterSource(region: string, name: string): BootSource {
  return { name: "aws-parameter.sh", arguments: [region, name] };
}
