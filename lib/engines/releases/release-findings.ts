import { hasTokenAuthentication } from "../../topology/plan/authentication";
import type { EngineContext, EngineFinding } from "../../topology/engine-spec";
import { checkEngineRelease } from "./release-gate";

/** What the catalogue of releases has to say of the cluster's image for this engine. */
export function releaseFindings(
  engine: string,
  context: EngineContext,
  executor?: string,
): readonly EngineFinding[] {
  const { image, acceleratorId, fabric, acceleratorNodes, rankTable } = context;
  if (image === undefined) {
    return [];
  }
  const findings = checkEngineRelease({
    engine,
    image: image.reference,
    rayVersion: image.rayVersion,
    addedPackages: image.addedPackages,
    pythonVersion: image.pythonVersion,
    executor,
    acceleratorId,
    fabric,
    nodes: acceleratorNodes,
    rankTable,
    authentication: hasTokenAuthentication(image.rayVersion) ? "token" : "none",
  });
  return findings.map(({ level, path, got, allowed, fix, reason, links }) => ({
    level,
    path,
    got,
    allowed: `${allowed} (${reason})`,
    fix,
    links,
  }));
}
