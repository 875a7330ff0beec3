import { compareVersions, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import { hasTokenAuthentication } from "../plan/authentication";
import { MINIMUM_PYTHON } from "../plan/limits";
import type { ClusterSpec, ImageSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { show } from "../../problems/text";

const REFERENCE =
  /^(?<repository>(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>.*))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Tags that move by custom: a branch, a channel, or `<anything>-latest`. */
const FLOATING_TAG =
  /^(latest|main|master|nightly|stable|edge|dev|devel)$|(^|[-_.])(latest|nightly)$|^(main|nightly)[-_.]/;

export const imageRules: readonly Rule[] = [
  {
    id: "RC060",
    level: "error",
    title: "The image's reference is well formed",
    why: "Docker refuses it on every node, after the machines were made.",
    check: ({ image }) =>
      reference(pulled(image))
        ? []
        : [
            {
              path: pathOfPulled(image),
              got: show(pulled(image)),
              allowed: "must be repository:tag or repository@sha256:<digest>, the repository in lower case",
              fix: "copy the reference from the registry",
            },
          ],
  },
  {
    id: "RC061",
    level: "error",
    title: "The image's tag does not move",
    why: "Two nodes that pull it on different days hold different Ray versions and refuse each other.",
    check: ({ image }) => {
      const parts = reference(pulled(image));
      const floats = parts && !parts.digest && (!parts.tag || FLOATING_TAG.test(parts.tag));
      return !floats || image.allowFloatingTag
        ? []
        : [
            {
              path: pathOfPulled(image),
              got: show(pulled(image)),
              allowed: "must have a tag that does not move, or a digest",
              fix: "pin the version or the digest, or set allowFloatingTag",
            },
          ];
    },
  },
  {
    id: "RC062",
    level: "error",
    title: "A digest is a sha256 of 64 hex digits",
    why: "A shortened digest names nothing.",
    check: ({ image }) => {
      const digest = reference(pulled(image))?.digest;
      return digest === undefined || DIGEST.test(digest)
        ? []
        : [
            {
              path: pathOfPulled(image),
              got: show(digest),
              allowed: "must have a digest of the form sha256:<64 hex digits>",
              fix: "copy the whole digest, as docker inspect prints it",
            },
          ];
    },
  },
  {
    id: "RC063",
    level: "error",
    title: "The image's Ray version is a version",
    why: "The node program compares it with the Ray it finds, and what Ray can do depends on it.",
    check: ({ image }) =>
      parseVersion(image.rayVersion)
        ? []
        : [
            {
              path: "image.rayVersion",
              got: show(image.rayVersion),
              allowed: `must be a version such as '${rayVersionOf("emulation")}'`,
              fix: image.derived
                ? "add Ray to the packages, or state what 'ray --version' prints in the base"
                : "state what 'ray --version' prints in the image",
            },
          ],
  },
  {
    id: "RC064",
    level: "error",
    title: "Ray is new enough",
    why: "The node program was written for and tried on this version and newer ones.",
    check: (spec) => tooOld(spec, rayVersionOf("minimum"), "use a newer image"),
  },
  {
    id: "RC065",
    level: "error",
    title: "The engine runs on this Ray",
    why: "It would fail while it loads, minutes after the cluster has formed.",
    check: checkEngineBounds,
  },
  {
    id: "RC066",
    level: "error",
    title: "The image's Python version is one the node program runs on",
    why: "The node program is Python too.",
    check: ({ image }) => {
      const version = image.pythonVersion;
      const valid =
        version === undefined ||
        (parseVersion(version) !== undefined && compareVersions(version, MINIMUM_PYTHON) >= 0);
      return valid
        ? []
        : [
            {
              path: "image.pythonVersion",
              got: show(version),
              allowed: `must be a version, ${MINIMUM_PYTHON} or newer`,
              fix: "state what 'python3 --version' prints in the image, or leave it out",
            },
          ];
    },
  },
  {
    id: "RC067",
    level: "warning",
    title: "The cluster authenticates its members",
    why: "Without it, whoever reaches Ray's ports runs code on the cluster.",
    check: ({ image }) =>
      !parseVersion(image.rayVersion) || hasTokenAuthentication(image.rayVersion)
        ? []
        : [
            {
              path: "image.rayVersion",
              got: show(image.rayVersion),
              allowed: `cluster has no authentication: Ray has tokens since ${rayVersionOf("token-authentication")}`,
              fix: "use a newer image, or keep the cluster network closed to everyone else",
            },
          ],
  },
  {
    id: "RC068",
    level: "warning",
    title: "Ray has no known hole in its dashboard",
    why: "CVE-2026-27482: before this version the dashboard takes a DELETE from anyone who reaches it.",
    check: ({ image }) => {
      const fixed = rayVersionOf("dashboard-delete-fixed");
      return parseVersion(image.rayVersion) && compareVersions(image.rayVersion, fixed) < 0
        ? [
            {
              path: "image.rayVersion",
              got: show(image.rayVersion),
              allowed: `should be ${fixed} or newer (CVE-2026-27482)`,
              fix: "use a newer image, or keep the cluster network closed to everyone else",
            },
          ]
        : [];
    },
  },
  {
    id: "RC069",
    level: "warning",
    title: "Machines that pull the image by themselves name its digest",
    why: "A tag can be pushed again between two pulls.",
    check: ({ image }, { place }) => {
      const parts = reference(pulled(image));
      return place.emulated || !parts || parts.digest
        ? []
        : [
            {
              path: pathOfPulled(image),
              got: show(pulled(image)),
              allowed: "should name a digest",
              fix: "append @sha256:<digest> as the registry states it",
            },
          ];
    },
  },
];

/** What comes from a registry: of a derived image its base. */
function pulled(image: ImageSpec): string {
  return image.derived?.base ?? image.reference;
}

function pathOfPulled(image: ImageSpec): string {
  return image.derived ? "image.base" : "image";
}

function reference(text: string): { readonly tag?: string; readonly digest?: string } | undefined {
  return REFERENCE.exec(text)?.groups;
}

function tooOld({ image }: ClusterSpec, minimum: string, fix: string): readonly Finding[] {
  return parseVersion(image.rayVersion) && compareVersions(image.rayVersion, minimum) < 0
    ? [{ path: "image.rayVersion", got: show(image.rayVersion), allowed: `must be ${minimum} or newer`, fix }]
    : [];
}

function checkEngineBounds(spec: ClusterSpec): readonly Finding[] {
  const { minimum, maximum } = spec.engine.rayVersions;
  if (!parseVersion(spec.image.rayVersion)) {
    return [];
  }
  const below =
    minimum === undefined ? [] : tooOld(spec, minimum, `the engine '${spec.engine.name}' needs it`);
  const above = maximum !== undefined && compareVersions(spec.image.rayVersion, maximum) > 0;
  return above
    ? [
        {
          path: "image.rayVersion",
          got: show(spec.image.rayVersion),
          allowed: `must be ${maximum} or older for the engine '${spec.engine.name}'`,
          fix: "use the image that the engine was released with",
        },
      ]
    : below;
}
