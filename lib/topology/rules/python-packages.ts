import { type PinnedPackage, parsePinnedPackage, versionAmong } from "../declaration/python-package";
import type { ClusterSpec } from "../plan/spec";
import type { Finding, Rule } from "./rule";
import { show } from "../../problems/text";

/** On the machine that runs Terraform; the builder writes it into a list, so without commas and quotes. */
const FILE_PATH = /^(?:~?\/)[\w .@+=:/-]*[^/ ]$/;

export const pythonPackageRules: readonly Rule[] = [
  {
    id: "RC140",
    level: "error",
    title: "An added Python package is pinned",
    why: "Two machines that build the image on different days would hold different software.",
    check: ({ image }) =>
      (image.derived?.packages ?? [])
        .filter((text) => !parsePinnedPackage(text))
        .map((text) => ({
          path: "image.packages",
          got: show(text),
          allowed: "must be name==version or name[extra]==version, with one version and nothing after it",
          fix: `write e.g. '${pinned(text)}'`,
        })),
  },
  {
    id: "RC141",
    level: "error",
    title: "A derived image adds packages, each of them once",
    why: "Without packages it is its base; of two versions pip can install neither.",
    check: ({ image }) => {
      if (image.derived?.packages.length === 0) {
        const allowed = "must name at least one package";
        return [{ path: "image.packages", got: "an empty list", allowed, fix: "use the base itself" }];
      }
      const names = parsed(image).map(({ name }) => name);
      const repeated = [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
      return repeated.map((name) => ({
        path: "image.packages",
        got: show(name),
        allowed: "must name a package once",
        fix: "keep one of its lines",
      }));
    },
  },
  {
    id: "RC142",
    level: "error",
    title: "A derived image keeps the Ray of its base",
    why: "What the base holds is never changed, so the build would fail on every machine.",
    check: ({ image }) => {
      const held = image.derived?.baseRayVersion;
      const added = versionAmong(image.derived?.packages ?? [], "ray");
      return held === undefined || added === undefined || held === added || held === image.rayVersion
        ? []
        : [
            {
              path: "image.packages",
              got: show(`ray==${added}`),
              allowed: `must be the Ray that the base is said to hold, '${held}'`,
              fix: "leave Ray out of the packages; if the base holds none, leave out the base's rayVersion",
            },
          ];
    },
  },
  {
    id: "RC143",
    level: "error",
    title: "Files for a build have plain absolute paths",
    why: "The builder reads them where Terraform runs, whatever folder that is started in.",
    check: ({ image }) => [
      ...filePath("image.pipConfigurationFile", image.derived?.pipConfigurationFile),
      ...filePath("image.certificateAuthoritiesFile", image.derived?.certificateAuthoritiesFile),
    ],
  },
];

function parsed(image: ClusterSpec["image"]): readonly PinnedPackage[] {
  return (image.derived?.packages ?? []).flatMap((text) => parsePinnedPackage(text) ?? []);
}

/** The line as it might have been meant. */
function pinned(text: string): string {
  const name = /^[A-Za-z0-9][\w.-]*(?:\[[\w.,-]+\])?/.exec(text)?.[0] ?? "name";
  const version = /\d+(?:\.\d+)*/.exec(text.slice(name.length))?.[0] ?? "1.2.3";
  return `${name}==${version}`;
}

function filePath(path: string, value: string | undefined): readonly Finding[] {
  return value === undefined || FILE_PATH.test(value)
    ? []
    : [
        {
          path,
          got: show(value),
          allowed: "must begin with / or ~/ and hold only letters, digits, blanks and .@+=:_-",
          fix: "give the file such a path, e.g. '~/.config/pip/pip.conf'",
        },
      ];
}
