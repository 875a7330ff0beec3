import { BUILD_FILES, type DerivedImagePlan } from "../topology/declaration/derived-image";
import type { ImageSource } from "../topology/declaration/image-source";
import type { ImagePlan } from "../topology/plan/plan";
import { code, codes } from "./table";

/** What an image is, and where it comes from. */
export function imageLines({ reference, digest, shellFiles, derived }: ImagePlan): readonly string[] {
  const found =
    derived === undefined
      ? [
          `- image: ${code(reference)}`,
          `- digest: ${digest === undefined ? "no digest given" : code(digest)}`,
        ]
      : [`- image: ${code(reference)}, built on each machine`, ...derivedLines(derived)];
  return shellFiles.length === 0
    ? found
    : [
        ...found,
        `- variables that the image keeps for a shell, read when a node starts: ${codes(shellFiles)}`,
      ];
}

function derivedLines(derived: DerivedImagePlan): readonly string[] {
  const { base, packages, sources } = derived;
  const digest = base.includes("@") ? "" : ", no digest given";
  const files = BUILD_FILES.flatMap((name) => derived[name] ?? []);
  return [
    `- base: ${code(base)}${digest}${sources.length > 0 ? "" : "; nothing that it holds is changed"}`,
    ...sources.map(sourceLine),
    ...(packages.length > 0 ? [`- added Python packages: ${codes(packages)}`] : []),
    ...(files.length > 0 ? [`- read during the build only, where Terraform runs: ${codes(files)}`] : []),
  ];
}

function sourceLine({ repository, commit, requirements, folder, keep }: ImageSource): string {
  const installed =
    requirements === null
      ? ""
      : `, with ${code(requirements)}, which may change the base${keep.length > 0 ? ` except ${codes(keep)}` : ""}`;
  return `- source: ${code(repository)} at ${code(commit)} in ${code(folder)}${installed}`;
}
