import { derivedImageReference } from "./derived-image";
import type { DerivedImagePlan } from "./derived-image";
import { canonicalPackage, versionAmong } from "./python-package";

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
   * Whether a floating tag (`latest`, `main`, no tag) is accepted. Two nodes that pull it on
   * different days hold different software.
   *
   * @default false
   */
  readonly allowFloatingTag?: boolean;
}

/** How the packages of a derived image get to the machine that builds it. */
export interface PythonPackagesOptions {
  /**
   * Path of a pip configuration file (index, credentials) on the machine that runs Terraform, absolute
   * or from `~/` on. It is read during the build only, and is part of neither the image nor the state.
   *
   * @default - PIP_INDEX_URL, PIP_EXTRA_INDEX_URL, PIP_TRUSTED_HOST and the proxy variables of that machine
   */
  readonly pipConfigurationFile?: string;
  /**
   * Path of a PEM file of certificate authorities on the machine that runs Terraform, absolute or from
   * `~/` on: a company proxy's, for example. It is read during the build only.
   *
   * @default - those that pip brings
   */
  readonly certificateAuthoritiesFile?: string;
}

/** Container image of the nodes: one for all of them, since head and workers need the same Ray and Python. */
export class ContainerImage {
  /**
   * An image by its reference.
   *
   * @param reference `repository:tag`, `repository@sha256:<digest>` or both
   */
  public static of(reference: string, options: ContainerImageOptions = {}): ContainerImage {
    const { rayVersion, pythonVersion, allowFloatingTag } = options;
    return new ContainerImage(reference, rayVersion, pythonVersion, allowFloatingTag ?? false, undefined);
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
    const inner = base.derived;
    const derived: DerivedImagePlan = {
      base: inner?.base ?? base.reference,
      baseRayVersion: inner === undefined ? base.rayVersion : inner.baseRayVersion,
      packages: [...(inner?.packages ?? []), ...packages].map(canonicalPackage).sort(),
      pipConfigurationFile: options.pipConfigurationFile ?? inner?.pipConfigurationFile,
      certificateAuthoritiesFile: options.certificateAuthoritiesFile ?? inner?.certificateAuthoritiesFile,
    };
    const ray = versionAmong(derived.packages, "ray");
    return new ContainerImage(
      derivedImageReference(derived),
      ray === undefined ? base.rayVersion : asRayPrintsIt(ray),
      base.pythonVersion,
      base.allowFloatingTag,
      derived,
    );
  }

  private constructor(
    public readonly reference: string,
    /** Ray version that the image holds; `undefined`: none. */
    public readonly rayVersion: string | undefined,
    /** Python version that the image holds; `undefined`: unknown. */
    public readonly pythonVersion: string | undefined,
    /** Whether the tag (of a derived image: its base's) may be a floating one. */
    public readonly allowFloatingTag: boolean,
    /** What a derived image is built from; `undefined`: the image is pulled as it is. */
    public readonly derived: DerivedImagePlan | undefined,
  ) {}
}

/** `2.58` installs what calls itself `2.58.0`. */
function asRayPrintsIt(version: string): string {
  return /^\d+\.\d+$/.test(version) ? `${version}.0` : version;
}
