import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PolicyFinding } from "./checkov";
import { hclOf } from "./hcl";
import type { Requirement } from "./requirements";

const TOOLS = join(__dirname, "../tools");
const BUILD_SECONDS = 900;

let program: string | undefined;

/** Trivy's checks as a program, which is built where it is not in the cache. */
export const TRIVY_CHECKS: Requirement = {
  what: "Trivy's checks (test/tools/trivy.json, built with Go from the module proxy)",
  isMet: () => {
    try {
      const words = ["-r", join(TOOLS, "register.cjs"), join(TOOLS, "trivy.ts")];
      const options = { encoding: "utf8", timeout: BUILD_SECONDS * 1000 } as const;
      program = execFileSync(process.execPath, words, { ...options, stdio: ["ignore", "pipe", "inherit"] });
      return true;
    } catch {
      return false;
    }
  },
};

interface Stack {
  readonly [block: string]: any;
}

interface Resource {
  readonly [attribute: string]: any;
}

interface Resources {
  readonly [name: string]: Resource;
}

interface Entry {
  readonly check: string;
  readonly passed: boolean;
  readonly resource: string;
}

/** What Trivy's checks find in each of some synthesized stacks. */
export function trivy(stacks: readonly Stack[]): readonly (readonly PolicyFinding[])[] {
  if (program === undefined) {
    throw new Error("Trivy's checks have not been built: name TRIVY_CHECKS in describeWith");
  }
  const folder = mkdtempSync(join(tmpdir(), "ray-cluster-trivy-"));
  try {
    const folders = stacks.map((stack, index) => {
      const path = join(folder, String(index));
      mkdirSync(path);
      writeFileSync(join(path, "main.tf"), hclOf(readable(stack)));
      return path;
    });
    const options = { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 } as const;
    const all = JSON.parse(execFileSync(program, folders, options)) as readonly (readonly Entry[])[];
    return all.map((entries, index) => [
      ...entries
        .filter(({ passed }) => !passed)
        .map(({ check, resource }) => ({ check: idOf(check), resource })),
      ...openDefaultGroups(stacks[index]),
      ...unrestrictedS3(stacks[index]),
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** `AWS-0104` was `AVD-AWS-0104`. */
function idOf(check: string): string {
  return check.replace(/^AVD-/, "");
}

/** The same said by resources that these checks know, so that they judge it. */
function readable(stack: Stack): Stack {
  const text = JSON.parse(
    JSON.stringify(stack).replaceAll(/\$\{base64gzip\(([\w.]+)\)\}/g, "${$1}"),
  ) as Stack;
  const locals = Object.entries<unknown>(text.locals ?? {}).map(([name, value]) => [name, plain(value)]);
  const { aws_vpc_security_group_ingress_rule, aws_vpc_security_group_egress_rule, ...resource } =
    text.resource ?? {};
  return {
    ...text,
    locals: Object.fromEntries(locals),
    resource: {
      ...resource,
      aws_security_group_rule: {
        ...mapped(aws_vpc_security_group_ingress_rule, (rule) => olderRule("ingress", rule)),
        ...mapped(aws_vpc_security_group_egress_rule, (rule) => olderRule("egress", rule)),
      },
      aws_launch_configuration: {
        ...resource.aws_launch_configuration,
        ...mapped(resource.aws_launch_template, launchConfiguration),
      },
      aws_iam_policy: {
        ...resource.aws_iam_policy,
        ...mapped(resource.aws_iam_role_policy, ({ policy }) => ({ policy })),
      },
    },
  };
}

/**
 * User data as these checks can read it: a name that is known only at apply would hide all of it, and on one line a
 * path with `secrets` in it and the next long word look like an assignment.
 */
function plain(value: unknown): unknown {
  return typeof value === "string"
    ? value.replaceAll(/(?<!\$)\$\{[^}]*\}/g, "late").replaceAll(',"', ',\n"')
    : value;
}

function mapped(resources: Resources = {}, change: (resource: Resource) => Resource): Resources {
  return Object.fromEntries(Object.entries(resources).map(([name, it]) => [`${name}_as`, change(it)]));
}

function olderRule(type: string, rule: Resource): Resource {
  return {
    type,
    security_group_id: rule.security_group_id,
    protocol: rule.ip_protocol,
    from_port: rule.from_port ?? 0,
    to_port: rule.to_port ?? 0,
    ...(rule.description !== undefined && { description: rule.description }),
    ...(rule.cidr_ipv4 !== undefined && { cidr_blocks: [rule.cidr_ipv4] }),
    ...(rule.cidr_ipv6 !== undefined && { ipv6_cidr_blocks: [rule.cidr_ipv6] }),
    ...(rule.prefix_list_id !== undefined && { prefix_list_ids: [rule.prefix_list_id] }),
    ...(rule.referenced_security_group_id !== undefined && {
      source_security_group_id: rule.referenced_security_group_id,
    }),
  };
}

/** What a template says of volumes and public addresses, which the checks of templates leave out. */
function launchConfiguration(template: Resource): Resource {
  const nics: readonly Resource[] = template.network_interfaces ?? [];
  const mappings: readonly Resource[] = template.block_device_mappings ?? [];
  return {
    associate_public_ip_address: nics.some((nic) => String(nic.associate_public_ip_address) === "true"),
    root_block_device: mappings.map(({ ebs }) => ({ encrypted: String(ebs.encrypted) === "true" })),
    metadata_options: template.metadata_options,
  };
}

/**
 * AWS-0173, which the checks ask of an account and not of Terraform: every VPC has its own group under control, and
 * that group lets nothing through.
 */
function openDefaultGroups({ resource }: Stack): PolicyFinding[] {
  const groups = Object.entries<Resource>(resource.aws_default_security_group ?? {});
  const open = groups.filter(([, { ingress, egress }]) => [ingress, egress].flat().some(Boolean));
  const left = Object.keys(resource.aws_vpc ?? {}).filter(
    (vpc) => !groups.some(([, { vpc_id }]) => vpc_id === `\${aws_vpc.${vpc}.id}`),
  );
  return [
    ...open.map(([name]) => ({ check: "AWS-0173", resource: `aws_default_security_group.${name}` })),
    ...left.map((name) => ({ check: "AWS-0173", resource: `aws_vpc.${name}` })),
  ];
}

const WIDE_S3 = /^(\*|s3:(\*|g\*|get\*|p\*|put\*|d\*|delete\*|l\*|list\*))$/i;

/** AWS-0345, which is younger (aquasecurity/trivy-checks checks/cloud/aws/iam/limit_s3_full_access.rego). */
function unrestrictedS3({ resource }: Stack): PolicyFinding[] {
  const types = ["aws_iam_role_policy", "aws_iam_policy"];
  return types.flatMap((type) =>
    Object.entries<Resource>(resource[type] ?? {})
      .filter(([, { policy }]) => JSON.parse(policy).Statement.some(isWide))
      .map(([name]) => ({ check: "AWS-0345", resource: `${type}.${name}` })),
  );
}

function isWide({
  Effect,
  Action,
}: {
  readonly Effect: string;
  readonly Action: string | string[];
}): boolean {
  return Effect === "Allow" && [Action].flat().some((action) => WIDE_S3.test(action));
}
