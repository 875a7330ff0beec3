import { isAbsolutePath, isWithin, unless } from "../../problems/checks";
import { type ErrorFinding, errorRule, type Found } from "../../problems/rule";
import { show } from "../../problems/text";
import type { ImageSource } from "../declaration/image-source";
import { CONTAINER_FOLDERS, KERNEL_FOLDERS, SYSTEM_FOLDERS } from "../plan/limits";
import type { ClusterSpec } from "../plan/spec";
import type { ClusterRule } from "./rule";

/** What git reads without a key of its own. Credentials have a file. */
const REPOSITORY = /^(?:https?|git):\/\/[A-Za-z0-9][\w.-]*(?::\d+)?(?:\/[\w.~+-]+)+\/?$/;
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const RELATIVE = /^[\w+][\w.+-]*(?:\/[\w+][\w.+-]*)*$/;
const PACKAGE = /^[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/;

/** Rules of the repositories in an image. */
export const imageSourceRules: readonly ClusterRule[] = [
  errorRule("RC145", {
    title: "The repository of a source is a URL that git reads",
    why: "Every machine that builds the image fetches it, and what the URL holds is in Terraform's state.",
    check: (spec) =>
      each(spec, ({ repository }) =>
        unless(REPOSITORY.test(repository), {
          path: "repository",
          // A URL with credentials is as good as a secret.
          got: repository.includes("@") ? "a value with '@' (not shown)" : show(repository),
          must: "start with https://, http:// or git://, without credentials, question mark or fragment",
          fix: "write e.g. 'https://github.com/alibaba/ROLL'; credentials belong into gitCredentialsFile",
        }),
      ),
  }),
  errorRule("RC146", {
    title: "A source is named by its whole commit id",
    why: "A branch or a tag moves, so machines that build on different days would hold different software.",
    check: (spec) =>
      each(spec, ({ commit }) =>
        unless(COMMIT.test(commit), {
          path: "commit",
          got: show(commit),
          must: "be a whole commit id of 40 hexadecimal digits",
          fix: "use what 'git rev-parse HEAD' prints, or 'git ls-remote <repository> <branch>'",
        }),
      ),
  }),
  errorRule("RC147", {
    title: "A requirements file is a path in the repository",
    why: "The build looks for it there.",
    check: (spec) =>
      each(spec, ({ requirements }) =>
        unless(requirements === null || RELATIVE.test(requirements), {
          path: "requirements",
          got: show(requirements),
          must: "be a path relative to the repository, of letters, digits and .+_-",
          fix: "write e.g. 'requirements.txt'",
        }),
      ),
  }),
  errorRule("RC148", {
    title: "A source has a folder of its own in the image",
    why: "It would overwrite the system, or a mount of the containers would hide it.",
    check: (spec) =>
      each(spec, ({ folder }, index) => [
        ...unless(isAbsolutePath(folder) && !isTaken(folder), {
          path: "folder",
          got: show(folder),
          must: "be an absolute path that is no folder of the system or of the cluster",
          fix: "use e.g. '/workspace/ROLL'",
        }),
        ...hiding(spec, folder).map((mount) => ({
          path: "folder",
          got: show(folder),
          must: `lie outside of '${mount}', which the containers mount`,
          fix: "choose another folder, or mount elsewhere",
        })),
        ...earlier(spec, index)
          .filter((other) => other.folder === folder)
          .map(() => ({
            path: "folder",
            got: show(folder),
            must: "be the folder of one source only",
            fix: "give each source a folder of its own",
          })),
      ]),
  }),
  errorRule("RC149", {
    title: "Packages that are kept are given by their names",
    why: "Their versions are those of the base.",
    check: (spec) =>
      each(spec, ({ keep }) =>
        keep
          .filter((name) => !PACKAGE.test(name))
          .map((name) => ({
            path: "keep",
            got: show(name),
            must: "be the name of a Python package, without a version",
            fix: "write e.g. 'torch'",
          })),
      ),
  }),
];

/** What is found of each source, with its path. */
function each(
  { image }: ClusterSpec,
  find: (source: ImageSource, index: number) => readonly ErrorFinding[],
): Found<ErrorFinding> {
  return (image.derived?.sources ?? []).flatMap((source, index) =>
    find(source, index).map((finding) => ({ ...finding, path: `image.sources[${index}].${finding.path}` })),
  );
}

function earlier({ image }: ClusterSpec, index: number): readonly ImageSource[] {
  return (image.derived?.sources ?? []).slice(0, index);
}

function isTaken(folder: string): boolean {
  const inside = [...KERNEL_FOLDERS, ...CONTAINER_FOLDERS];
  return (
    inside.some((taken) => isWithin(folder, taken) || isWithin(taken, folder)) ||
    SYSTEM_FOLDERS.some((taken) => isWithin(taken, folder))
  );
}

/** Mounts of the containers that the folder lies in. */
function hiding({ storage, extras }: ClusterSpec, folder: string): readonly string[] {
  const targets = [
    ...storage.map(({ mountPath }) => mountPath),
    ...extras.mounts.map(({ target }) => target),
  ];
  return targets.filter((target) => isWithin(folder, target));
}
