import { isVersionWithin, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import { warningRule } from "../../problems/rule";
import type { ClusterRule } from "./rule";

/** Of the release that keeps them. */
const LOSES = rayVersionOf("tls-loses-metrics");
const KEEPS = rayVersionOf("tls-keeps-metrics");

export const internodeTlsRules: readonly ClusterRule[] = [
  warningRule("RC195", {
    title: "Ray keeps its metrics with TLS between the nodes",
    why: "Its exporter of metrics did not speak TLS, so the agent refused it (ray-project/ray issue 59968).",
    check: ({ internodeTls, image: { rayVersion } }) =>
      internodeTls &&
      parseVersion(rayVersion) !== undefined &&
      isVersionWithin(rayVersion, LOSES) &&
      !isVersionWithin(rayVersion, KEEPS) && {
        path: "internodeTls",
        got: `TLS with Ray ${rayVersion}`,
        consequence: "loses the metrics of Ray's own processes (raylet, GCS, workers)",
        fix: `use an image with Ray ${KEEPS} or newer, or do without these metrics`,
      },
  }),
];
