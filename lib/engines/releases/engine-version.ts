import { findEngineRelease } from "../../catalog/engine-releases";
import { engineMilestone } from "../../catalog/engines";
import { compareVersions, parseVersion } from "../../catalog/ray-versions";
import type { EngineContext } from "../../topology/engine-spec";

/** Version of the engine: the stated one, else that in the tag of a known image; `undefined`: not known. */
export function engineVersion({ image }: EngineContext, stated?: string): string | undefined {
  const version = stated ?? (image && findEngineRelease(image.reference)?.version);
  return version !== undefined && parseVersion(version) ? version : undefined;
}

/** Whether a version is older than a milestone of the catalogue; `false` where it is not known. */
export function isBefore(milestone: string, version: string | undefined): boolean {
  return version !== undefined && compareVersions(version, engineMilestone(milestone).version) < 0;
}
