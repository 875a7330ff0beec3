import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageSource } from "./image-source";

/** Files of the machine that runs Terraform, by the property that names them. */
export const BUILD_FILES = [
  "pipConfigurationFile",
  "certificateAuthoritiesFile",
  "gitCredentialsFile",
] as const;
export type BuildFile = (typeof BUILD_FILES)[number];

/** An image that every machine builds for itself: a published one with sources and further Python packages. */
export interface DerivedImagePlan {
  /** Reference of the published image. */
  readonly base: string;
  /** Declared Ray version of the base. @default - none */
  readonly baseRayVersion?: string;
  /** In the order in which they are installed, before the packages. */
  readonly sources: readonly ImageSource[];
  /** `name==version`, sorted. */
  readonly packages: readonly string[];
  /** Text of the lock file: every added package with its version and hashes. @default - pip resolves what the packages need */
  readonly lock?: string;
  /** Where it was read, as declared. @default - there is none */
  readonly lockFile?: string;
  /** Path on the machine that runs Terraform; read during the build only. @default - none */
  readonly pipConfigurationFile?: string;
  /** Path on the machine that runs Terraform; read during the build only. @default - none */
  readonly certificateAuthoritiesFile?: string;
  /** Path on the machine that runs Terraform; read during the build only. @default - none */
  readonly gitCredentialsFile?: string;
}

/** Folder of the constant part: the Dockerfile and the program that it runs. */
export const RECIPE_FOLDER = join(__dirname, "../derived-image");
const RECIPE = ["Dockerfile", "python_packages.py", "package_versions.py", "image_source.py"];

/** A file of the folder that the image is built from. */
export interface DerivedImageFile {
  readonly name: string;
  readonly content: string;
}

/**
 * Everything that a builder needs besides the base image. Values reach the constant Dockerfile as the
 * build argument `BASE_IMAGE` and as `sources.json` and `packages.txt`.
 *
 * @param folder of the constant part
 */
export function derivedImageFiles(
  { packages, sources, lock = "" }: Pick<DerivedImagePlan, "packages" | "sources" | "lock">,
  folder = RECIPE_FOLDER,
): readonly DerivedImageFile[] {
  const constant = RECIPE.map((name) => ({ name, content: readFileSync(join(folder, name), "utf8") }));
  return [
    ...constant,
    { name: "sources.json", content: `${JSON.stringify(sources, null, 2)}\n` },
    { name: "packages.lock", content: lock },
    { name: "packages.txt", content: packages.map((line) => `${line}\n`).join("") },
  ];
}

/** The image that is pulled from a registry: the base of a derived image, else the image itself. */
export function pulledImage(image: {
  readonly reference: string;
  readonly derived?: { readonly base: string };
}): string {
  return image.derived?.base ?? image.reference;
}

/**
 * `ray-cluster/<name and tag of the base>:<hash>`. The same base, sources, packages and Dockerfile have the same
 * reference on every machine, known before anything is built; whatever differs has another one.
 */
export function derivedImageReference(derived: DerivedImagePlan, folder = RECIPE_FOLDER): string {
  const hash = createHash("sha256").update(`${derived.base}\0`);
  for (const { name, content } of derivedImageFiles(derived, folder)) {
    hash.update(`${name}\0${Buffer.byteLength(content)}\0${content}`);
  }
  return `ray-cluster/${readableName(derived.base)}:${hash.digest("hex").slice(0, 12)}`;
}

/** Readable name of the base: `vllm-openai-v0.20.0` of `docker.io/vllm/vllm-openai:v0.20.0@sha256:...`. */
function readableName(base: string): string {
  const last = base.split("@")[0].split("/").at(-1) ?? "";
  const name = last.toLowerCase().replace(/[^a-z0-9]+/g, (run) => (run === "." ? "." : "-"));
  return name.slice(0, 80).replace(/^[-.]+|[-.]+$/g, "") || "image";
}
