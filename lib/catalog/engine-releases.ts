import rows from "./engine-releases.json";
import type { FactRow } from "./facts";
import { compareVersions, isVersionWithin, parseVersion } from "./ray-versions";
import { table } from "./table";

/** Oldest and newest Ray of an image, both inclusive; `null`: no bound read. */
export interface ReleaseRay {
  readonly minimum: string | null;
  readonly maximum: string | null;
}

/** A published image of an engine, or a range of versions with the same content. */
export interface EngineRelease extends FactRow {
  readonly id: string;
  /** Name of the engine in it, as `EngineSpec.name`. */
  readonly engine: string;
  /** Repository, without tag. */
  readonly image: string;
  /** Repositories that offer the same images. */
  readonly mirrors: readonly string[];
  /** Regular expression of its tags; the group `version` is the engine's version. */
  readonly tags: string;
  /** Version of the engine where the tag does not contain it; `null`: not known. */
  readonly engineVersion: string | null;
  /** Oldest version of the run, inclusive; `null`: no bound. */
  readonly from: string | null;
  /** Newest version of the run, inclusive; `null`: no bound. */
  readonly to: string | null;
  /** Accelerators, or families of them, that it was built for. */
  readonly accelerators: readonly string[];
  /** Oldest compute capability that it was built for. @default - all that its accelerators have */
  readonly leastComputeCapability?: number;
  /** `null`: the image contains no Ray. */
  readonly ray: ReleaseRay | null;
  /** `major.minor`; `null`: not read. */
  readonly python: string | null;
  /** Version of CANN, e.g. `8.3.rc1`; `null`: none, or not read. */
  readonly cann: string | null;
  /** Oldest NVIDIA driver that runs its CUDA, e.g. `580`; `null`: no CUDA, or not read. */
  readonly nvidiaDriver: string | null;
  /** What must be added before it can serve. */
  readonly missing: readonly string[];
  /** File in the engine's repository with what it needs in this image; `null`: it needs nothing more. */
  readonly requirements: string | null;
  /** Fabrics whose libraries it lacks. */
  readonly withoutFabrics: readonly string[];
  /** Where to read more. */
  readonly links: readonly string[];
}

/** A release, with the version of the engine that the tag names; `undefined`: not known. */
export interface FoundRelease {
  readonly release: EngineRelease;
  readonly version?: string;
}

export const { all: allEngineReleases } = table<EngineRelease>("release of an engine", rows);

/**
 * The release that an image's reference names.
 *
 * @param reference `repository:tag`, with or without a digest
 * @returns `undefined` where the catalogue knows no such tag, and for a reference by digest alone
 */
export function findEngineRelease(reference: string): FoundRelease | undefined {
  const { repository, tag } = split(reference);
  for (const release of offeredBy(repository)) {
    const match = tag === undefined ? null : new RegExp(release.tags).exec(tag);
    const version = match?.groups?.version ?? release.engineVersion ?? undefined;
    if (match && isWithin(release, version)) {
      return { release, version };
    }
  }
  return undefined;
}

/** Tags of a repository that the catalogue knows; empty for a repository that it does not know. */
export function releasesOfImage(reference: string): readonly EngineRelease[] {
  return offeredBy(split(reference).repository);
}

/** Oldest and newest Ray over all images of an engine; a missing bound: one of them has none. */
export function rayRangeOfEngine(engine: string): { readonly minimum?: string; readonly maximum?: string } {
  const ranges = allEngineReleases().flatMap(({ engine: other, ray }) =>
    other === engine && ray ? [ray] : [],
  );
  const oldest = bound(ranges.map(({ minimum }) => minimum))[0];
  const newest = bound(ranges.map(({ maximum }) => maximum)).at(-1);
  return { ...(oldest ? { minimum: oldest } : {}), ...(newest ? { maximum: newest } : {}) };
}

function bound(versions: readonly (string | null)[]): readonly string[] {
  const known = versions.filter((version): version is string => version !== null);
  return known.length === versions.length ? [...known].sort(compareVersions) : [];
}

function offeredBy(repository: string): readonly EngineRelease[] {
  return allEngineReleases().filter(
    ({ image, mirrors }) => image === repository || mirrors.includes(repository),
  );
}

function isWithin({ from, to }: EngineRelease, version: string | undefined): boolean {
  return version !== undefined && parseVersion(version)
    ? isVersionWithin(version, from, to)
    : from === null && to === null;
}

/** `docker.io/` and a missing tag are what Docker makes of them. */
function split(reference: string): { readonly repository: string; readonly tag?: string } {
  const [name, digest] = reference.split("@");
  const [, repository, tag] = /^(.*?)(?::([^/:]+))?$/.exec(name) ?? [];
  const implied = digest === undefined ? "latest" : undefined;
  return { repository: repository.replace(/^docker\.io\//, ""), tag: tag ?? implied };
}
