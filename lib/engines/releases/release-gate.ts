import { findEngineRelease } from "../../catalog/engine-releases";
import * as ofImage from "./release-image-checks";
import type { EngineReleaseQuery, ReleaseCheck, ReleaseFinding } from "./release-query";
import * as ofVersions from "./release-version-checks";

const CHECKS: readonly ReleaseCheck[] = [
  ofImage.knownTag,
  ofImage.sameEngine,
  ofImage.nothingMissing,
  ofImage.rayOfImage,
  ofImage.pythonOfImage,
  ofImage.accelerators,
  ofImage.fabric,
  ofVersions.nodesWithoutRay,
  ofVersions.rankTable,
  ofVersions.token,
  ofVersions.rayTrouble,
];

/**
 * Whether an image can run an engine, as far as the catalogue knows the image. An image of the user's own is
 * checked only for what follows from its versions.
 */
export function checkEngineRelease(query: EngineReleaseQuery): readonly ReleaseFinding[] {
  const found = findEngineRelease(query.image);
  return CHECKS.flatMap((check) => check(query, found));
}
