import { fsxLustreTierOf } from "../../catalog/fsx-lustre-tiers";
import type { Problem } from "../../problems/problem";
import { show } from "../../problems/text";
import { type AwsRule, applyRules } from "../rule";

/** A Lustre file system as its rules see it. */
export interface LustreSpec {
  /** Row of `fsx-lustre-tiers.json`. */
  readonly tier: string;
  readonly capacityTiB: number;
  readonly efa: boolean;
  readonly hasKmsKey: boolean;
  /** `undefined`: none, or known only at apply. */
  readonly dataRepositoryUri?: string;
}

export const lustreRules: readonly AwsRule<LustreSpec>[] = [
  {
    id: "RC460",
    title: "The file system has a size that AWS sells.",
    check: ({ tier, capacityTiB, efa }) => {
      const { smallestTiB, stepTiB, efaStepTiB } = fsxLustreTierOf(tier);
      const step = efa && efaStepTiB !== null ? efaStepTiB : stepTiB;
      const smallest = efa ? [] : smallestTiB;
      if (smallest.includes(capacityTiB) || isMultiple(capacityTiB, step)) {
        return undefined;
      }
      const next = (Math.max(1, Math.ceil(tenths(capacityTiB) / tenths(step))) * tenths(step)) / 10;
      return {
        path: "capacityTiB",
        got: show(capacityTiB),
        allowed: `must be ${[...smallest, `a multiple of ${step}`].join(" or ")} for ${tier}${efa ? " with EFA" : ""}`,
        fix: `use ${Number.isFinite(next) ? next : step}`,
      };
    },
  },
  {
    id: "RC461",
    title: "The tier has EFA.",
    check: ({ tier, efa }) =>
      efa && fsxLustreTierOf(tier).efaStepTiB === null
        ? {
            path: "efa",
            got: "true",
            allowed: `must be false for ${tier}: only persistent file systems have EFA, from their creation on`,
            fix: "choose a persistent tier, or leave efa out",
          }
        : undefined,
  },
  {
    id: "RC462",
    title: "A key of one's own encrypts persistent file systems only.",
    check: ({ tier, hasKmsKey }) =>
      hasKmsKey && fsxLustreTierOf(tier).deploymentType.startsWith("SCRATCH")
        ? {
            path: "kmsKeyArn",
            got: "a key",
            allowed: `must be left out for ${tier}, which AWS encrypts with a key of its own`,
            fix: "leave it out, or choose a persistent tier",
          }
        : undefined,
  },
  {
    id: "RC463",
    title: "A data repository is a bucket, or a part of one.",
    check: ({ dataRepositoryUri }) =>
      dataRepositoryUri === undefined ||
      /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/\S*)?$/.test(dataRepositoryUri)
        ? undefined
        : {
            path: "dataRepositoryUri",
            got: show(dataRepositoryUri),
            allowed: "must be the URI of a bucket or of a prefix in it",
            fix: "write e.g. 's3://my-models/llama/'",
          },
  },
];

/** Files of a bucket on a machine's own disk, as their rules see them. */
export interface StagedSpec {
  /** `undefined`: known only at apply. */
  readonly uri?: string;
  readonly hostPath: string;
  readonly diskFolder: string;
}

export const stagedRules: readonly AwsRule<StagedSpec>[] = [
  {
    id: "RC464",
    title: "Staged files come from below a prefix of a bucket.",
    check: ({ uri }) =>
      // Without the slash at the end a prefix is the beginning of a name: other models would come, too.
      uri === undefined || /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/(\S*\/)?$/.test(uri)
        ? undefined
        : {
            path: "uri",
            got: show(uri),
            allowed: "must be the URI of a prefix, with a slash at its end",
            fix: "write e.g. 's3://my-models/llama/'",
          },
  },
  {
    id: "RC465",
    title: "Staged files lie on the disks of the instance.",
    check: ({ hostPath, diskFolder }) =>
      hostPath.startsWith(`${diskFolder}/`) && /^(\/[\w.-]+)+$/.test(hostPath)
        ? undefined
        : {
            path: "hostPath",
            got: show(hostPath),
            allowed: `must be a folder below '${diskFolder}', of letters, digits, '_', '.' and '-'`,
            fix: "leave it out, or name the disk's own folder as diskFolder",
          },
  },
];

/** Everything that is wrong with staged files. */
export function checkStaged(spec: StagedSpec): readonly Problem[] {
  return applyRules(stagedRules, spec);
}

/** Everything that is wrong with a Lustre file system. */
export function checkLustre(spec: LustreSpec): readonly Problem[] {
  return applyRules(lustreRules, spec);
}

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
