import { readFileSync } from "node:fs";
import { shellFilesOf } from "../../catalog/image-shell-files";
import { derivedImageReference } from "./derived-image";
import type { BuildFile, DerivedImagePlan } from "./derived-image";
import { imageSource, type ImageSourceProps } from "./image-source";
import { canonicalPackage, type PythonPackagesOptions, versionAmong } from "./python-package";

/** What is known of an image besides its reference. */
export interface ContainerImageOptions {
  /**
   * Ray version that the image holds; the node program compares it with what it finds.
   *
   * @default - the image holds no Ray, and is only a base for `withPythonPackages`
   */
  readonly rayVersion?: string;
  /**
   * Python version that the image holds, for the review.
   *
   * @default - unknown
   */
  readonly pythonVersion?: string;
  /**
   * Shell files of the image that set variables which Ray and the engine need, by absolute path: each node reads them with
   * bash when it starts, one after the other, as an interactive shell does. A file that is missing fails the node.
   *
   * @default - those that the catalogue knows of the image (Ascend images: `/root/.bashrc`); an empty list: none
   */
  readonly shellFiles?: readonly string[];
  /**
   * Whether a floating tag (`latest`, `main`, no tag) is accepted. Two nodes that pull it on
   * different days hold different software.
   *
   * @default false
   */
  readonly allowFloatingTag?: boolean;
}

/**
 * Container image of the nodes: one for all of them, since head and workers need the same Ray and Python.
 *
 * @example
 * ContainerImage.withPythonPackages(ContainerImage.of("vllm/vllm-openai:v0.33.0"), ["ray==2.54.1"]);
 */
export class ContainerImage {
  /**
   * An image by its reference.
   *
   * @param reference `repository:tag`, `repository@sha256:<digest>` or both
   */
  public static of(reference: string, options: ContainerImageOptions = {}): ContainerImage {
    const { rayVersion, pythonVersion, allowFloatingTag, shellFiles } = options;
    return new ContainerImage(
      reference,
      rayVersion,
      pythonVersion,
      allowFloatingTag ?? false,
      shellFiles ?? shellFilesOf(reference),
      undefined,
    );
  }

  /**
   * An image with further Python packages, built on each machine on top of its base. No package of
   * the base is changed; where that is impossible, the build fails. The reference is a hash over all
   * inputs, so it names the same content on every machine.
   *
   * @param base the published image; needs Python 3 with pip
   * @param packages each with its version: `ray==2.58.0`, `ray[default]==2.58.0`
   */
  public static withPythonPackages(
    base: ContainerImage,
    packages: readonly string[],
    options: PythonPackagesOptions = {},
  ): ContainerImage {
    const derived = extended(base, options, { packages });
    return ContainerImage.built(base, derived, base.rayVersion);
  }

  /**
   * An image with a repository at a commit and what its requirements file names, built on each machine on top of its base.
   * The requirements may change what the base holds, except the packages in `keep`. Packages without a version are taken
   * as the index has them on that day; machines that built different content refuse to form a cluster.
   *
   * @param base the published image; needs Python 3 with pip, and git or a package manager that installs it
   */
  public static withSource(base: ContainerImage, source: ImageSourceProps): ContainerImage {
    const derived = extended(base, source, { sources: [imageSource(source)] });
    return ContainerImage.built(base, derived, source.rayVersion ?? base.rayVersion, source.pythonVersion);
  }

  private static built(
    base: ContainerImage,
    derived: DerivedImagePlan,
    rayVersion: string | undefined,
    pythonVersion = base.pythonVersion,
  ): ContainerImage {
    // Packages are installed last.
    const added = versionAmong(derived.packages, "ray");
    return new ContainerImage(
      derivedImageReference(derived),
      added === undefined ? rayVersion : asRayPrintsIt(added),
      pythonVersion,
      base.allowFloatingTag,
      base.shellFiles,
      derived,
    );
  }

  private constructor(
    /** `repository:tag` or `repository@sha256:…`; the tag of a derived image is a hash of what it is built from. */
    public readonly reference: string,
    /** Ray version that the image holds; `undefined`: none. */
    public readonly rayVersion: string | undefined,
    /** Python version that the image holds; `undefined`: unknown. */
    public readonly pythonVersion: string | undefined,
    /** Whether the tag (of a derived image: its base's) may be a floating one. */
    public readonly allowFloatingTag: boolean,
    /** Shell files of the image with variables that its programs need; a derived image has those of its base. */
    public readonly shellFiles: readonly string[],
    /** What a derived image is built from; `undefined`: the image is pulled as it is. */
    public readonly derived: DerivedImagePlan | undefined,
  ) {}
}

/** What `base` is built from, and more. */
function extended(
  base: ContainerImage,
  options: PythonPackagesOptions & Partial<Pick<ImageSourceProps, "gitCredentialsFile" | "rayVersion">>,
  { packages = [], sources = [] }: Partial<Pick<DerivedImagePlan, "packages" | "sources">>,
): DerivedImagePlan {
  const inner = base.derived;
  const { rayVersion } = options;
  const file = (name: BuildFile) => options[name] ?? inner?.[name];
  return {
    base: inner?.base ?? base.reference,
    baseRayVersion: rayVersion ?? (inner === undefined ? base.rayVersion : inner.baseRayVersion),
    sources: [...(inner?.sources ?? []), ...sources],
    packages: [...(inner?.packages ?? []), ...packages].map(canonicalPackage).sort(),
    pipConfigurationFile: file("pipConfigurationFile"),
    certificateAuthoritiesFile: file("certificateAuthoritiesFile"),
    lockFile: options.lockFile ?? inner?.lockFile,
    lock: options.lockFile === undefined ? inner?.lock : textOf(options.lockFile),
    gitCredentialsFile: file("gitCredentialsFile"),
  };
}

/** `undefined` for a file that cannot be read, which a rule reports. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

/** `2.58` installs what calls itself `2.58.0`. */
function asRayPrintsIt(version: string): string {
  return /^\d+\.\d+$/.test(version) ? `${version}.0` : version;
}
