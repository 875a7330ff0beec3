/** What a role may do, and with what. */
export interface Permission {
  readonly actions: readonly string[];
  /** ARNs; may be references. */
  readonly resources: readonly string[];
  /** Beginning of the only keys that may be listed in a bucket. @default - all */
  readonly onlyPrefix?: string;
}

/** A policy document that allows the given things and nothing else. */
export function allow(permissions: readonly Permission[]): string {
  return document(
    permissions.map(({ actions, resources, onlyPrefix = "" }) => ({
      Effect: "Allow",
      Action: actions,
      Resource: resources,
      ...(onlyPrefix === "" ? {} : { Condition: { StringLike: { "s3:prefix": [`${onlyPrefix}*`] } } }),
    })),
  );
}

/** A trust policy: a service of AWS may take the role. */
export function assumedBy(service: string): string {
  return document([{ Effect: "Allow", Action: ["sts:AssumeRole"], Principal: { Service: service } }]);
}

/** A policy of a bucket: nobody talks to it without TLS. */
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
