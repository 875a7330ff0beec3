import { compareVersions, parseVersion, rayVersionOf } from "../../catalog/ray-versions";

/** Whether this Ray can authenticate its nodes; `false` also for a text that is no version. */
export function hasTokenAuthentication(rayVersion: string): boolean {
  return (
    parseVersion(rayVersion) !== undefined &&
    compareVersions(rayVersion, rayVersionOf("token-authentication")) >= 0
  );
}
