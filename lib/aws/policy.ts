/** A tag, by which resources are told apart. */
export interface ResourceTag {
  /** Key of the tag. */
  readonly key: string;
  /** Value that the tag must have. */
  readonly value: string;
}

/** Actions that a role may take, and on which resources. */
export interface Permission {
  /** Actions of IAM, e.g. `s3:GetObject`. */
  readonly actions: readonly string[];
  /** ARNs; may be references. */
  readonly resources: readonly string[];
  /** Prefix of the only keys that may be listed in a bucket. @default - all keys */
  readonly onlyPrefix?: string;
  /** Tag that the resource must have. @default - any resource */
  readonly onlyTagged?: ResourceTag;
}

/** A policy document that allows the given permissions and nothing else. */
export function allow(permissions: readonly Permission[]): string {
  return document(
    permissions.map(({ actions, resources, ...only }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      ...conditionOf(only),
    })),
  );
}

function conditionOf({ onlyPrefix = "", onlyTagged }: Pick<Permission, "onlyPrefix" | "onlyTagged">): object {
  const parts = {
    ...(onlyPrefix === "" ? {} : { StringLike: { "s3:prefix": [`${onlyPrefix}*`] } }),
    ...(onlyTagged === undefined
      ? {}
      : { StringEquals: { [`aws:ResourceTag/${onlyTagged.key}`]: onlyTagged.value } }),
  };
  return Object.keys(parts).length === 0 ? {} : { Condition: parts };
}

/** A trust policy: an AWS service may assume the role. */
export function assumedBy(service: string): string {
  return document([{ Effect: "Allow", Action: ["sts:AssumeRole"], Principal: { Service: service } }]);
}

/** A bucket policy that denies access without TLS. */
export function denyPlainHttp(bucketArn: string): string {
  return document([
    {
      Effect: "Deny",
      Action: ["s3:*"],
      Principal: "*",
      Resource: [bucketArn, `${bucketArn}/*`],
      Condition: { Bool: { "aws:SecureTransport": "false" } },
    },
  ]);
}

function document(statements: readonly object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
