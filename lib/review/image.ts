import type { DerivedImagePlan } from "../topology/declaration/derived-image";
import type { ImagePlan } from "../topology/plan/plan";
import { code, codes } from "./table";

/** What an image is, and where it comes from. */
export function imageLines({ reference, digest, derived }: ImagePlan): readonly string[] {
  return derived === undefined
    ? [`- image: ${code(reference)}`, `- digest: ${digest === undefined ? "no digest given" : code(digest)}`]
    : [`- image: ${code(reference)}, built on each machine`, ...derivedLines(derived)];
}

function derivedLines(derived: DerivedImagePlan): readonly string[] {
  const { base, packages, pipConfigurationFile, certificateAuthoritiesFile } = derived;
  const digest = base.includes("@") ? "" : ", no digest given";
  const files = [pipConfigurationFile, certificateAuthoritiesFile].filter((path) => path !== undefined);
  return [
    `- base: ${code(base)}${digest}; nothing that it holds is changed`,
    `- added Python packages: ${codes(packages)}`,
    ...(files.length > 0 ? [`- read during the build only, where Terraform runs: ${codes(files)}`] : []),
  ];
}
