import { compareVersions, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import type { ErrorFinding, Found } from "../../problems/rule";
import { show } from "../../problems/text";
import { pulledImage as pulled } from "../declaration/derived-image";
import { hasTokenAuthentication } from "../plan/authentication";
import { MINIMUM_PYTHON } from "../plan/limits";
import type { ClusterSpec, ImageSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

const REFERENCE =
  /^(?<repository>(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>.*))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Tags that move by convention: a branch, a channel, or `<anything>-latest`. */
const FLOATING_TAG =
  /^(latest|main|master|nightly|stable|edge|dev|devel)$|(^|[-_.])(latest|nightly)$|^(main|nightly)[-_.]/;

export const imageRules: readonly ClusterRule[] = [
  {
    id: "RC060",
    level: "error",
    title: "The image's reference is well formed",
    why: "Docker rejects it on every node, after the machines were created.",
    check: ({ image }) =>
      reference(pulled(image))
        ? []
        : {
            path: pathOfPulled(image),
            got: show(pulled(image)),
            must: "have the form repository:tag or repository@sha256:<digest>, with a lower-case repository",
            fix: "copy the reference from the registry",
          },
  },
  {
    id: "RC061",
    level: "error",
    title: "The image's tag does not move",
    why: "Two nodes that pull it on different days hold different versions of Ray and reject each other.",
    check: ({ image }) => {
      const parts = reference(pulled(image));
      const floats = parts && !parts.digest && (!parts.tag || FLOATING_TAG.test(parts.tag));
      return !floats || image.allowFloatingTag
        ? []
        : {
            path: pathOfPulled(image),
            got: show(pulled(image)),
            must: "have a fixed tag or a digest",
            fix: "pin a version or a digest, or set allowFloatingTag",
          };
    },
  },
  {
    id: "RC062",
    level: "error",
    title: "A digest is a complete SHA-256",
    why: "A shortened digest identifies no image.",
    check: ({ image }) => {
      const digest = reference(pulled(image))?.digest;
      return digest === undefined || DIGEST.test(digest)
        ? []
        : {
            path: pathOfPulled(image),
            got: show(digest),
            must: "be sha256: followed by 64 hexadecimal digits",
            fix: "copy the whole digest as docker inspect prints it",
          };
    },
  },
  {
    id: "RC063",
    level: "error",
    title: "The image's Ray version is known",
    why: "The node program compares it with the Ray it finds, and the plan depends on what that version can do.",
    check: ({ image }) =>
      parseVersion(image.rayVersion)
        ? []
        : {
            path: "image.rayVersion",
            got: show(image.rayVersion),
            must: `be a version such as '${rayVersionOf("emulation")}'`,
            fix: image.derived
              ? "add Ray to the packages, or set the base's rayVersion to what 'ray --version' prints in it"
              : "set it to what 'ray --version' prints in the image",
          },
  },
  {
    id: "RC064",
    level: "error",
    title: "Ray is new enough",
    why: "The node program is written for this version and later ones, and tested with them.",
    check: (spec) => rayAtLeast(spec, rayVersionOf("minimum"), "for the node program"),
  },
  {
    id: "RC065",
    level: "error",
    title: "The engine runs on this version of Ray",
    why: "It would fail while loading, minutes after the cluster has formed.",
    check: checkEngineBounds,
  },
  {
    id: "RC066",
    level: "error",
    title: "The node program runs on the image's Python version",
    why: "The node program is written in Python.",
    check: ({ image: { pythonVersion: version } }) =>
      version === undefined ||
      (parseVersion(version) !== undefined && compareVersions(version, MINIMUM_PYTHON) >= 0)
        ? []
        : {
            path: "image.pythonVersion",
            got: show(version),
            must: `be ${MINIMUM_PYTHON} or newer`,
            fix: "set it to what 'python3 --version' prints in the image, or leave it out",
          },
  },
  {
    id: "RC067",
    level: "warning",
    title: "The cluster authenticates its members",
    why: "Without authentication, anyone who reaches Ray's ports can run code on the cluster.",
    check: ({ image }) =>
      !parseVersion(image.rayVersion) || hasTokenAuthentication(image.rayVersion)
        ? []
        : {
            path: "image.rayVersion",
            got: `Ray ${image.rayVersion}`,
            consequence: "cannot authenticate: anyone who reaches the cluster network can run code",
            fix: `use an image with Ray ${rayVersionOf("token-authentication")} or newer, or isolate the network`,
          },
  },
  {
    id: "RC068",
    level: "warning",
    title: "Ray's dashboard has no known vulnerability",
    why: "CVE-2026-27482: older dashboards accept a DELETE from anyone who reaches them.",
    check: ({ image }) => {
      const fixed = rayVersionOf("dashboard-delete-fixed");
      return parseVersion(image.rayVersion) && compareVersions(image.rayVersion, fixed) < 0
        ? {
            path: "image.rayVersion",
            got: `Ray ${image.rayVersion}`,
            consequence: "has a dashboard that accepts DELETE requests from anyone (CVE-2026-27482)",
            fix: `use an image with Ray ${fixed} or newer, or isolate the network`,
          }
        : [];
    },
  },
  {
    id: "RC069",
    level: "warning",
    title: "Machines that pull the image themselves use its digest",
    why: "A tag can be pushed again between two pulls.",
    check: ({ image }, { place }) => {
      const parts = reference(pulled(image));
      return place.emulated || !parts || parts.digest
        ? []
        : {
            path: pathOfPulled(image),
            got: show(pulled(image)),
            consequence: "has no digest, so two machines may pull different images",
            fix: "append @sha256:<digest> as shown by the registry",
          };
    },
  },
];

function pathOfPulled(image: ImageSpec): string {
  return image.derived ? "image.base" : "image";
}

function reference(text: string): { readonly tag?: string; readonly digest?: string } | undefined {
  return REFERENCE.exec(text)?.groups;
}

function rayAtLeast({ image }: ClusterSpec, minimum: string, whom: string): Found<ErrorFinding> {
  return parseVersion(image.rayVersion) && compareVersions(image.rayVersion, minimum) < 0
    ? rayFinding(image, `${minimum} or newer ${whom}`)
    : [];
}

function checkEngineBounds(spec: ClusterSpec): Found<ErrorFinding> {
  const { minimum, maximum } = spec.engine.rayVersions;
  const whom = `for the engine '${spec.engine.name}'`;
  if (!parseVersion(spec.image.rayVersion)) {
    return [];
  }
  if (maximum !== undefined && compareVersions(spec.image.rayVersion, maximum) > 0) {
    return rayFinding(spec.image, `${maximum} or older ${whom}`);
  }
  return minimum === undefined ? [] : rayAtLeast(spec, minimum, whom);
}

function rayFinding({ rayVersion }: ImageSpec, range: string): ErrorFinding {
  return {
    path: "image.rayVersion",
    got: show(rayVersion),
    must: `be ${range}`,
    fix: "use an image with such a version of Ray",
  };
}
