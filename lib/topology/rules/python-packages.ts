import { unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found } from "../../problems/rule";
import { show } from "../../problems/text";
import { BUILD_FILES } from "../declaration/derived-image";
import { parsePinnedPackage, versionAmong } from "../declaration/python-package";
import type { ClusterRule } from "./rule";

/** A path on the machine that runs Terraform; the builder writes it into a list, so without commas and quotes. */
const FILE_PATH = /^(?:~?\/)[\w .@+=:/-]*[\w.@+=:-]$/;

export const pythonPackageRules: readonly ClusterRule[] = [
  errorRule("RC140", {
    title: "An added Python package is pinned",
    why: "Machines that build the image on different days would hold different software.",
    check: ({ image }) =>
      (image.derived?.packages ?? [])
        .filter((text) => !parsePinnedPackage(text))
        .map((text) => ({
          path: "image.packages",
          got: show(text),
          must: "pin one version, as name==version or name[extra]==version",
          fix: `write, for example, '${pinned(text)}'`,
        })),
  }),
  errorRule("RC141", {
    title: "A derived image adds each package once",
    why: "Two versions of one package cannot be installed.",
    check: ({ image }) => {
      const names = (image.derived?.packages ?? []).flatMap((text) => parsePinnedPackage(text)?.name ?? []);
      const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
      return [...twice].map((name) => ({
        path: "image.packages",
        got: `${show(name)} more than once`,
        must: "list each package once",
        fix: "keep one of its entries",
      }));
    },
  }),
  errorRule("RC142", {
    title: "A derived image keeps the Ray of its base",
    why: "Nothing that the base holds is changed, so the build would fail on every machine.",
    check: ({ image }) => {
      const held = image.derived?.baseRayVersion;
      const added = versionAmong(image.derived?.packages ?? [], "ray");
      return (
        held !== undefined &&
        added !== undefined &&
        held !== added &&
        held !== image.rayVersion && {
          path: "image.packages",
          got: show(`ray==${added}`),
          must: `match the declared Ray version of the base, '${held}'`,
          fix: "remove Ray from the packages, or the base's rayVersion if the base holds no Ray",
        }
      );
    },
  }),
  errorRule("RC143", {
    title: "Files for a build have plain absolute paths",
    why: "The builder reads them where Terraform runs, whatever the current folder is.",
    check: ({ image }) => BUILD_FILES.map((name) => filePath(`image.${name}`, image.derived?.[name])),
  }),
  errorRule("RC144", {
    title: "A derived image adds at least one package or source",
    why: "Without either it is the same as its base.",
    check: ({ image }) =>
      image.derived?.packages.length === 0 &&
      image.derived.sources.length === 0 && {
        path: "image.packages",
        got: "an empty list",
        must: "contain at least one package",
        fix: "use the base itself",
      },
  }),
  errorRule("RC169", {
    title: "A lock names every added package with hashes",
    why: "pip would refuse the rest, after the machines were made.",
    check: ({ image: { derived } }) => {
      if (derived?.lockFile === undefined) {
        return [];
      }
      const locked = derived.lock?.includes("--hash=sha256:") ?? false;
      return unless(locked, {
        path: "image.lockFile",
        got: derived.lock === undefined ? `${show(derived.lockFile)}, which cannot be read` : "no hash in it",
        must: "be a file with name==version and --hash=sha256:... for every added package",
        fix: "copy share/ray-cluster/packages.lock out of an image that was built without a lock",
      });
    },
  }),
];

/** The entry as it may have been meant. */
function pinned(text: string): string {
  const name = /^[A-Za-z0-9][\w.-]*(?:\[[\w.,-]+\])?/.exec(text)?.[0] ?? "name";
  const version = /\d+(?:\.\d+)*/.exec(text.slice(name.length))?.[0] ?? "1.2.3";
  return `${name}==${version}`;
}

function filePath(path: string, value: string | undefined): Found<ErrorFinding> {
  return unless(value === undefined || FILE_PATH.test(value), {
    path,
    got: show(value),
    must: "start with / or ~/ and contain only letters, digits, spaces and .@+=:_-",
    fix: "move the file to such a path, e.g. '~/.config/pip/pip.conf'",
  });
}
