import { compareVersions, isVersionWithin, parseVersion, rayVersionOf } from "../../catalog/ray-versions";
import { isAbsolutePath, unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found, warningRule } from "../../problems/rule";
import { withoutLateValues } from "../../problems/late-values";
import { show } from "../../problems/text";
import { pulledImage as pulled } from "../declaration/derived-image";
import type { RayVersionRange } from "../engine-spec";
import { hasTokenAuthentication } from "../plan/authentication";
import { MINIMUM_PYTHON } from "../plan/limits";
import type { ImageSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

const REFERENCE =
  /^(?<repository>(?:[a-z0-9.-]+(?::\d+)?\/)?[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::(?<tag>[\w][\w.-]{0,127}))?(?:@(?<digest>.*))?$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Tags that move by convention: a branch, a channel, or `<anything>-latest`. */
const FLOATING_TAG =
  /^(latest|main|master|nightly|stable|edge|dev|devel)$|(^|[-_.])(latest|nightly)$|^(main|nightly)[-_.]/;

export const imageRules: readonly ClusterRule[] = [
  errorRule("RC060", {
    title: "The image's reference is well formed",
    why: "Docker rejects it on every node, after the machines were created.",
    check: ({ image }) =>
      !reference(pulled(image)) && {
        path: pathOfPulled(image),
        got: show(pulled(image)),
        must: "have the form repository:tag or repository@sha256:<digest>, with a lower-case repository",
        fix: "copy the reference from the registry",
      },
  }),
  errorRule("RC061", {
    title: "The image's tag does not move",
    why: "Two nodes that pull it on different days hold different versions of Ray and reject each other.",
    check: ({ image }) => {
      const parts = reference(pulled(image));
      const floats = parts && !parts.digest && (!parts.tag || FLOATING_TAG.test(parts.tag));
      return unless(!floats || image.allowFloatingTag, {
        path: pathOfPulled(image),
        got: show(pulled(image)),
        must: "have a fixed tag or a digest",
        fix: "pin a version or a digest, or set allowFloatingTag",
      });
    },
  }),
  errorRule("RC062", {
    title: "A digest is a complete SHA-256",
    why: "A shortened digest identifies no image.",
    check: ({ image }) => {
      const digest = reference(pulled(image))?.digest;
      return unless(digest === undefined || DIGEST.test(digest), {
        path: pathOfPulled(image),
        got: show(digest),
        must: "be sha256: followed by 64 hexadecimal digits",
        fix: "copy the whole digest as docker inspect prints it",
      });
    },
  }),
  errorRule("RC063", {
    title: "The image's Ray version is known",
    why: "The node program compares it with the Ray it finds, and the plan depends on what that version can do.",
    check: ({ image }) =>
      !parseVersion(image.rayVersion) && {
        path: "image.rayVersion",
        got: show(image.rayVersion),
        must: `be a version such as '${rayVersionOf("emulation")}'`,
        fix: image.derived
          ? "add Ray to the packages, or set rayVersion: of the base what 'ray --version' prints in it, of a source what its requirements install"
          : "set it to what 'ray --version' prints in the image",
      },
  }),
  errorRule("RC064", {
    title: "Ray is new enough",
    why: "The node program is written for this version and later ones, and tested with them.",
    check: ({ image }) => rayWithin(image, { minimum: rayVersionOf("minimum") }, "for the node program"),
  }),
  errorRule("RC065", {
    title: "The engine runs on this version of Ray",
    why: "It would fail while loading, minutes after the cluster has formed.",
    check: ({ image, engine }) => rayWithin(image, engine.rayVersions, `for the engine '${engine.name}'`),
  }),
  errorRule("RC066", {
    title: "The node program runs on the image's Python version",
    why: "The node program is written in Python.",
    check: ({ image: { pythonVersion: version } }) =>
      version !== undefined &&
      (parseVersion(version) === undefined || compareVersions(version, MINIMUM_PYTHON) < 0) && {
        path: "image.pythonVersion",
        got: show(version),
        must: `be ${MINIMUM_PYTHON} or newer`,
        fix: "set it to what 'python3 --version' prints in the image, or leave it out",
      },
  }),
  // An error only where nothing closes the ports (RC028): most published images for NPUs hold an older Ray, and work.
  warningRule("RC067", {
    title: "The cluster authenticates its members, or has a reason not to",
    why: "Without authentication, whoever reaches one of Ray's ports is root in the containers.",
    check: ({ image, allowUnauthenticatedRay: reason = "" }) =>
      parseVersion(image.rayVersion) &&
      !hasTokenAuthentication(image.rayVersion) &&
      reason.trim() === "" && {
        path: "image.rayVersion",
        got: `Ray ${image.rayVersion}`,
        consequence: "cannot authenticate: who comes through what closes its ports is root in the containers",
        fix: `use an image with Ray ${rayVersionOf("token-authentication")} or newer, or write the reason into allowUnauthenticatedRay, e.g. 'no newer image for this NPU'`,
      },
  }),
  warningRule("RC068", {
    title: "Ray's dashboard has no known vulnerability",
    why: "CVE-2026-27482: older dashboards accept a DELETE from anyone who reaches them.",
    check: ({ image }) => {
      const fixed = rayVersionOf("dashboard-delete-fixed");
      return unless(!parseVersion(image.rayVersion) || compareVersions(image.rayVersion, fixed) >= 0, {
        path: "image.rayVersion",
        got: `Ray ${image.rayVersion}`,
        consequence: "has a dashboard that accepts DELETE requests from anyone (CVE-2026-27482)",
        fix: `use an image with Ray ${fixed} or newer, or isolate the network`,
      });
    },
  }),
  warningRule("RC069", {
    title: "Machines that pull the image themselves use its digest",
    why: "A tag can be pushed again between two pulls.",
    check: ({ image }, { place }) => {
      const parts = reference(pulled(image));
      return unless(place.emulated || !parts || parts.digest !== undefined, {
        path: pathOfPulled(image),
        got: show(pulled(image)),
        consequence: "has no digest, so two machines may pull different images",
        fix: "append @sha256:<digest> as shown by the registry",
      });
    },
  }),
  errorRule("RC168", {
    title: "A shell file of the image is named by its absolute path",
    why: "A node reads it when it starts, and has no working folder of its own.",
    check: ({ image }) =>
      image.shellFiles.map((file) =>
        unless(isAbsolutePath(file) && file !== "/", {
          path: "image.shellFiles",
          got: show(file),
          must: "be an absolute path in the image",
          fix: "write e.g. '/root/.bashrc' or '/usr/local/Ascend/ascend-toolkit/set_env.sh'",
        }),
      ),
  }),
];

function pathOfPulled(image: ImageSpec): string {
  return image.derived ? "image.base" : "image";
}

function reference(text: string): { readonly tag?: string; readonly digest?: string } | undefined {
  return REFERENCE.exec(withoutLateValues(text, "known-at-apply"))?.groups;
}

function rayWithin(
  { rayVersion }: ImageSpec,
  { minimum, maximum }: RayVersionRange,
  whom: string,
): Found<ErrorFinding> {
  const isOutside = parseVersion(rayVersion) && !isVersionWithin(rayVersion, minimum, maximum);
  return (
    isOutside && {
      path: "image.rayVersion",
      got: show(rayVersion),
      must: `be ${isVersionWithin(rayVersion, minimum) ? `${maximum} or older` : `${minimum} or newer`} ${whom}`,
      fix: "use an image with such a version of Ray",
    }
  );
}
