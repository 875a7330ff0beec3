import { fsxLustreTierOf } from "../../catalog/fsx-lustre-tiers";
import { isAbsolutePath, unless } from "../../problems/checks";
import { errorRule, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import { parseSubnet } from "../../topology/plan/addressing";
import { fits } from "../known";

/** What the rules judge of a Lustre file system, defaults filled in. */
export interface LustreSpec {
  /** Row of `fsx-lustre-tiers.json`. */
  readonly tier: string;
  readonly capacityTiB: number;
  readonly efa: boolean;
  readonly kmsKeyArn?: string;
  readonly dataRepositoryUri?: string;
}

export const LUSTRE_TOPIC: Topic<LustreSpec> = {
  title: "EC2: FSx for Lustre",
  rules: [
    errorRule("RC460", {
      title: "The file system has a size that AWS offers",
      why: "FSx refuses another one.",
      check: ({ tier, capacityTiB, efa }) => {
        const { smallestTiB, stepTiB, efaStepTiB } = fsxLustreTierOf(tier);
        const step = efa && efaStepTiB !== null ? efaStepTiB : stepTiB;
        const smallest = efa ? [] : smallestTiB;
        return unless(smallest.includes(capacityTiB) || isMultiple(capacityTiB, step), {
          path: "capacityTiB",
          got: show(capacityTiB),
          must: `be ${[...smallest, `a multiple of ${step}`].join(" or ")} for ${tier}${efa ? " with EFA" : ""}`,
          fix: `use ${neighbours(capacityTiB, step).join(" or ")}`,
        });
      },
    }),
    errorRule("RC461", {
      title: "The tier supports EFA",
      why: "Only persistent file systems have EFA, and only from their creation on.",
      check: ({ tier, efa }) =>
        unless(!efa || fsxLustreTierOf(tier).efaStepTiB !== null, {
          path: "efa",
          got: "true",
          must: `be false for ${tier}`,
          fix: "use a persistent tier, or leave efa out",
        }),
    }),
    errorRule("RC462", {
      title: "A customer managed key encrypts only persistent file systems",
      why: "FSx encrypts scratch file systems with a key of its own and refuses another one.",
      check: ({ tier, kmsKeyArn }) =>
        unless(kmsKeyArn === undefined || !fsxLustreTierOf(tier).deploymentType.startsWith("SCRATCH"), {
          path: "kmsKeyArn",
          got: "a key",
          must: `be left out for ${tier}`,
          fix: "leave it out, or use a persistent tier",
        }),
    }),
    errorRule("RC463", {
      title: "A data repository is a bucket or a prefix in one",
      why: "FSx imports from nowhere else.",
      check: ({ dataRepositoryUri: uri }) =>
        unless(fits(uri, /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/\S*)?$/), {
          path: "dataRepositoryUri",
          got: show(uri),
          must: "be the URI of an S3 bucket or of a prefix in one",
          fix: "write e.g. 's3://my-models/llama/'",
        }),
    }),
  ],
};

/** What the rules judge of files of a bucket on a machine's own disk. */
export interface StagedSpec {
  readonly uri: string;
  readonly hostPath: string;
  readonly diskFolder: string;
}

export const STAGED_TOPIC: Topic<StagedSpec> = {
  title: "EC2: files staged from S3",
  rules: [
    errorRule("RC464", {
      title: "Staged files come from a prefix that ends with a slash",
      why: "Without the slash, `llama` also matches `llama-guard/`, and its files come along.",
      check: ({ uri }) =>
        unless(fits(uri, /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(\S*\/)?$/), {
          path: "uri",
          got: show(uri),
          must: "be the URI of an S3 prefix, with a slash at its end",
          fix: "write e.g. 's3://my-models/llama/'",
        }),
    }),
    errorRule("RC465", {
      title: "Staged files are on the instance store",
      why: "The root volume is too small and too slow for them.",
      check: ({ hostPath, diskFolder }) =>
        unless(hostPath.startsWith(`${diskFolder}/`), {
          path: "hostPath",
          got: show(hostPath),
          must: `be a folder below '${diskFolder}'`,
          fix: "leave it out, or set diskFolder to where the machine image mounts its disks",
        }),
    }),
    errorRule("RC469", {
      title: "The folder of staged files has a plain name",
      why: "The boot passes it to commands word by word.",
      check: ({ hostPath }) =>
        unless(/^(\/[\w.-]+)+$/.test(hostPath), {
          path: "hostPath",
          got: show(hostPath),
          must: "be an absolute path of letters, digits, '_', '.' and '-'",
          fix: "leave it out, or rename the folder",
        }),
    }),
  ],
};

/** What the rules judge of a folder of an NFS server. */
export interface NfsSpec {
  readonly exportPath: string;
  readonly network?: object;
  readonly serverCidr?: string;
}

export const NFS_TOPIC: Topic<NfsSpec> = {
  title: "EC2: NFS",
  rules: [
    errorRule("RC466", {
      title: "Network and CIDR of an NFS server are given together",
      why: "The rule that lets the machines reach the server needs both; one alone has no effect.",
      check: ({ network, serverCidr }) => {
        const [path, other] = network === undefined ? ["network", "serverCidr"] : ["serverCidr", "network"];
        return unless((network === undefined) === (serverCidr === undefined), {
          path,
          got: "nothing",
          must: `be given together with ${other}`,
          fix: "give both, or neither where the security group allows the traffic already",
        });
      },
    }),
    errorRule("RC467", {
      title: "The CIDR of an NFS server is an IPv4 CIDR",
      why: "EC2 refuses a security group rule with another text.",
      check: ({ serverCidr }) =>
        unless(
          fits(serverCidr, (cidr) => parseSubnet(cidr) !== undefined),
          {
            path: "serverCidr",
            got: show(serverCidr),
            must: "be an IPv4 CIDR without host bits",
            fix: "write e.g. '10.30.0.7/32'",
          },
        ),
    }),
    errorRule("RC468", {
      title: "The exported folder is an absolute path",
      why: "The mount fails on every machine.",
      check: ({ exportPath }) =>
        unless(fits(exportPath, isAbsolutePath), {
          path: "exportPath",
          got: show(exportPath),
          must: "be an absolute path",
          fix: "write e.g. '/srv/models'",
        }),
    }),
  ],
};

/** Sizes have one decimal, and 2.4 is no sum of powers of two. */
function tenths(tib: number): number {
  return Math.round(tib * 10);
}

function isMultiple(capacityTiB: number, step: number): boolean {
  return (
    capacityTiB > 0 &&
    Math.abs(tenths(capacityTiB) - capacityTiB * 10) < 1e-6 &&
    tenths(capacityTiB) % tenths(step) === 0
  );
}

/** The multiples of a step below and above a size. */
function neighbours(capacityTiB: number, step: number): readonly string[] {
  const steps = Number.isFinite(capacityTiB) ? Math.max(0, capacityTiB) / step : 0;
  const counts = [Math.floor(steps), Math.max(1, Math.ceil(steps))].filter((count) => count > 0);
  return [...new Set(counts)].map((count) => `${(count * tenths(step)) / 10} TiB`);
}
