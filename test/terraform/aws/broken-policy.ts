export interface Resource {
  [attribute: string]: any;
}

/** Of the form of an access key, and none. */
const SECRET = `AWS_ACCESS_KEY_ID=AKIA${"QWERTZUIOPASDFGH"}`;
const policyOf = (action: string, resource: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: [action], Resource: [resource] }],
  });

/** Each other id that the stacks are held to, with a change that its check must find. */
export const BROKEN: readonly [id: string, what: string, change: (resources: Resources) => void][] = [
  [
    "AWS-0008",
    "a volume in a template in clear",
    ({ change }) =>
      change("aws_launch_template", (it) => (it.block_device_mappings[0].ebs.encrypted = "false")),
  ],
  [
    "AWS-0009",
    "a public address",
    ({ change }) =>
      change("aws_launch_template", (it) => (it.network_interfaces[0].associate_public_ip_address = "true")),
  ],
  [
    "AWS-0017",
    "a log without a key of one's own",
    ({ change }) => change("aws_cloudwatch_log_group", (it) => delete it.kms_key_id),
  ],
  ["AWS-0026", "a volume in clear", ({ add }) => add("aws_ebs_volume", { size: 1, encrypted: false })],
  [
    "AWS-0027",
    "a volume with the key of EBS",
    ({ add }) => add("aws_ebs_volume", { size: 1, encrypted: true }),
  ],
  [
    "AWS-0028",
    "metadata by IMDSv1 on a machine",
    ({ change }) => {
      // A machine and its template say it; these checks believe the template.
      change("aws_instance", (it) => (it.metadata_options.http_tokens = "optional"));
      change("aws_launch_template", (it) => (it.metadata_options.http_tokens = "optional"));
    },
  ],
  [
    "AWS-0029",
    "a secret in the user data of a machine, which is its template's",
    ({ locals }) => locals((text) => `${text}\n${SECRET}`),
  ],
  [
    "AWS-0037",
    "a file system in clear",
    ({ change }) => change("aws_efs_file_system", (it) => (it.encrypted = false)),
  ],
  [
    "AWS-0047",
    "an old TLS policy",
    ({ add }) =>
      add("aws_lb_listener", { protocol: "HTTPS", ssl_policy: "ELBSecurityPolicy-TLS-1-0-2015-04" }),
  ],
  [
    "AWS-0052",
    "headers that pass unread",
    ({ add }) => add("aws_lb", { load_balancer_type: "application", internal: true }),
  ],
  [
    "AWS-0053",
    "a load balancer for everybody",
    ({ add }) => add("aws_lb", { load_balancer_type: "application", internal: false }),
  ],
  [
    "AWS-0054",
    "a listener without TLS",
    ({ add }) => {
      add("aws_lb", { load_balancer_type: "application" });
      add("aws_lb_listener", { load_balancer_arn: "${aws_lb.AWS-0054.arn}", protocol: "HTTP" });
    },
  ],
  ["AWS-0065", "a key that never changes", ({ add }) => add("aws_kms_key", { enable_key_rotation: false })],
  [
    "AWS-0086",
    "public ACLs",
    ({ change }) => change("aws_s3_bucket_public_access_block", (it) => (it.block_public_acls = false)),
  ],
  [
    "AWS-0087",
    "public policies",
    ({ change }) => change("aws_s3_bucket_public_access_block", (it) => (it.block_public_policy = false)),
  ],
  [
    "AWS-0088",
    "a bucket in clear",
    ({ remove }) => remove("aws_s3_bucket_server_side_encryption_configuration"),
  ],
  ["AWS-0090", "a bucket without versions", ({ remove }) => remove("aws_s3_bucket_versioning")],
  [
    "AWS-0091",
    "ACLs that are heeded",
    ({ change }) => change("aws_s3_bucket_public_access_block", (it) => (it.ignore_public_acls = false)),
  ],
  [
    "AWS-0092",
    "a bucket that everybody reads",
    ({ change, remove }) => {
      change("aws_s3_bucket", (it) => (it.acl = "public-read"));
      remove("aws_s3_bucket_public_access_block");
    },
  ],
  [
    "AWS-0093",
    "a bucket open to other accounts",
    ({ change }) => change("aws_s3_bucket_public_access_block", (it) => (it.restrict_public_buckets = false)),
  ],
  ["AWS-0094", "a bucket without a block", ({ remove }) => remove("aws_s3_bucket_public_access_block")],
  [
    "AWS-0098",
    "a secret without a key of one's own",
    ({ change }) => change("aws_secretsmanager_secret", (it) => delete it.kms_key_id),
  ],
  [
    "AWS-0099",
    "a group that nobody describes",
    ({ change }) => change("aws_security_group", (it) => delete it.description),
  ],
  [
    "AWS-0104",
    "HTTPS to the whole internet",
    ({ change }) =>
      change("aws_vpc_security_group_egress_rule", (it) =>
        Object.assign(it, { cidr_ipv4: "0.0.0.0/0", from_port: 443, to_port: 443, ip_protocol: "tcp" }),
      ),
  ],
  [
    "AWS-0107",
    "SSH from the whole internet",
    ({ change }) =>
      change("aws_vpc_security_group_ingress_rule", (it) =>
        Object.assign(it, { cidr_ipv4: "0.0.0.0/0", from_port: 22, to_port: 22, ip_protocol: "tcp" }),
      ),
  ],
  [
    "AWS-0124",
    "a rule that nobody describes",
    ({ change }) => change("aws_vpc_security_group_ingress_rule", (it) => delete it.description),
  ],
  [
    "AWS-0129",
    "a secret in the user data of a template",
    ({ locals }) => locals((text) => `${text}\n${SECRET}`),
  ],
  [
    "AWS-0130",
    "metadata by IMDSv1 in a template",
    ({ change }) => change("aws_launch_template", (it) => (it.metadata_options.http_tokens = "optional")),
  ],
  [
    "AWS-0132",
    "a bucket without a key of one's own",
    ({ change }) =>
      change(
        "aws_s3_bucket_server_side_encryption_configuration",
        (it) => delete it.rule[0].apply_server_side_encryption_by_default.kms_master_key_id,
      ),
  ],
  [
    "AWS-0164",
    "a subnet with public addresses",
    ({ change }) => change("aws_subnet", (it) => (it.map_public_ip_on_launch = true)),
  ],
  [
    "AWS-0173",
    "the group of the VPC with a rule",
    ({ change }) =>
      change(
        "aws_default_security_group",
        (it) => (it.ingress = [{ from_port: 0, to_port: 0, protocol: "-1", self: true }]),
      ),
  ],
  ["AWS-0178", "a VPC without a flow log", ({ remove }) => remove("aws_flow_log")],
  [
    "AWS-0342",
    "a role that may be passed on",
    ({ add }) =>
      add("aws_iam_role_policy", { policy: policyOf("iam:PassRole", "arn:aws:iam::111122223333:role/r") }),
  ],
  [
    "AWS-0345",
    "every right to S3",
    ({ add }) => add("aws_iam_role_policy", { policy: policyOf("s3:*", "arn:aws:s3:::b") }),
  ],
];

/** What a change may do to a stack. */
export class Resources {
  public hasLost = false;

  public constructor(
    public readonly stack: Resource,
    private readonly name: string,
  ) {}

  public readonly change = (type: string, how: (resource: Resource) => unknown): void => {
    const resources = Object.values<Resource>(this.stack.resource[type]);
    expect(resources.length).toBeGreaterThan(0);
    resources.forEach(how);
  };

  public readonly add = (type: string, resource: Resource): void => {
    this.stack.resource[type] = { ...this.stack.resource[type], [this.name]: resource };
  };

  public readonly remove = (type: string): void => {
    expect(this.stack.resource).toHaveProperty(type);
    this.stack.resource = { ...this.stack.resource, [type]: {} };
    this.hasLost = true;
  };

  public readonly locals = (how: (text: string) => string): void => {
    this.stack.locals = Object.fromEntries(
      Object.entries<string>(this.stack.locals).map(([name, text]) => [name, how(text)]),
    );
  };
}
