import { findAccelerator } from "../../catalog/accelerators";
import { type EngineRelease, type FoundRelease, releasesOfImage } from "../../catalog/engine-releases";
import { engineMilestone } from "../../catalog/engine-versions";
import { compareVersions, parseVersion } from "../../catalog/ray-versions";
import type { EngineReleaseQuery, ReleaseFinding } from "./release-query";

/** A tag of a repository that the catalogue knows. */
export function knownTag(
  { image }: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const offered = releasesOfImage(image);
  const [name, digest] = image.split("@");
  const byDigest = digest !== undefined && !/:[^/]+$/.test(name);
  return found !== undefined || offered.length === 0 || byDigest
    ? []
    : [
        {
          level: "warning",
          path: "image",
          got: `'${image}'`,
          allowed: "is a tag that the catalogue does not know",
          fix: "check by hand that it holds Ray and fits the accelerators",
          reason: `of this repository it knows ${offered.map(({ id }) => id).join(", ")}`,
          links: [],
        },
      ];
}

/** The image holds another engine. */
export function sameEngine(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const other = found?.release.engine;
  // Ray alone, and engines that we know nothing of, run in any image that holds Ray.
  const compared = ["vllm", "lmdeploy", "roll"].includes(query.engine);
  return other === undefined || other === query.engine || !compared
    ? []
    : [
        error(
          found?.release,
          "image",
          `'${query.image}'`,
          `must hold '${query.engine}'`,
          "use its image",
          `it holds '${other}'`,
        ),
      ];
}

/** What the published image lacks, Ray above all. */
export function nothingMissing(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const { release, version } = found ?? {};
  const missing = (release?.missing ?? []).filter((what) => !query.addedPackages?.includes(what));
  return missing.map((what) =>
    what === "ray"
      ? error(
          release,
          "image",
          `'${query.image}'`,
          "must hold Ray",
          "derive an image with ContainerImage.withPythonPackages(image, ['ray==2.48.0'])",
          `the image holds no Ray since ${engineMilestone("vllm-image-without-ray").version} (this is ${version})`,
        )
      : error(
          release,
          "image",
          `'${query.image}'`,
          `must have ${what}`,
          "derive an image that has it, the same for all nodes",
          `the published image lacks ${what}`,
        ),
  );
}

/** Ray as declared and as the image holds it. */
export function rayOfImage(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const range = found?.release.ray;
  if (!range || !parseVersion(query.rayVersion)) {
    return [];
  }
  const { minimum, maximum } = range;
  const below = minimum !== null && compareVersions(query.rayVersion, minimum) < 0;
  const above = maximum !== null && compareVersions(query.rayVersion, maximum) > 0;
  return below || above
    ? [
        error(
          found.release,
          "image.rayVersion",
          `'${query.rayVersion}'`,
          `must be what the image holds: ${minimum ?? "any"} to ${maximum ?? "any"}`,
          "state what 'ray --version' prints in the image",
          "head and workers compare their Ray with what the plan says",
        ),
      ]
    : [];
}

/** Python as declared and as the image holds it. */
export function pythonOfImage(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const held = found?.release.python ?? null;
  const said = query.pythonVersion;
  return held === null || said === undefined || said === held || said.startsWith(`${held}.`)
    ? []
    : [
        error(
          found?.release,
          "image.pythonVersion",
          `'${said}'`,
          `must be what the image holds: ${held}`,
          "state what 'python3 --version' prints in the image, or leave it out",
          "Ray refuses a member with another Python",
        ),
      ];
}

/** The image is built for other accelerators. */
export function accelerators(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  const facts = query.acceleratorId === undefined ? undefined : findAccelerator(query.acceleratorId);
  const release = found?.release;
  const fits = (id: string) => id === facts?.id || id === facts?.family;
  return facts === undefined || release === undefined || facts.emulated || release.accelerators.some(fits)
    ? []
    : [
        error(
          release,
          "image",
          `'${query.image}'`,
          `must be built for ${facts.title}`,
          "use the image of this board",
          `it is built for ${release.accelerators.join(", ")}`,
        ),
      ];
}

/** The image lacks the library of the fabric. */
export function fabric(
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
): readonly ReleaseFinding[] {
  return query.fabric !== undefined && found?.release.withoutFabrics.includes(query.fabric)
    ? [
        error(
          found.release,
          "image",
          `'${query.image}'`,
          `must hold the library of the fabric '${query.fabric}'`,
          "derive an image with it: aws-ofi-nccl and libfabric for EFA",
          "without it the collectives fail, since the fabric is pinned",
        ),
      ]
    : [];
}

function error(
  release: EngineRelease | undefined,
  path: string,
  got: string,
  allowed: string,
  fix: string,
  reason: string,
): ReleaseFinding {
  return { level: "error", path, got, allowed, fix, reason, links: release?.links ?? [] };
}
