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
  /**
   * Path of a lock: every added package with its version and the hashes of its files, as `pip-compile --generate-hashes` writes it. The
   * image of a build without one holds the lock that gives the same again, in `share/ray-cluster/packages.lock` of its
   * Python. Part of the image's tag.
   *
   * @default - pip resolves what the packages need, so a build on another day may hold other versions of that
   */
  readonly lockFile?: string;
}

/** A Python package at one version, as `name==version`. */
export interface PinnedPackage {
  /** As the package index compares names: lower case, one dash for each run of `-_.`. */
  readonly name: string;
  readonly extras: readonly string[];
  readonly version: string;
}

/** PEP 508 without everything but the name, its extras and one version. */
const PINNED =
  /^(?<name>[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?:\[(?<extras>[a-z0-9][a-z0-9._-]*(?:,[a-z0-9][a-z0-9._-]*)*)\])?==(?<version>.+)$/i;

/** PEP 440, public and local part. */
const VERSION =
  /^(?:\d+!)?\d+(?:\.\d+)*(?:(?:a|b|rc)\d+)?(?:\.post\d+)?(?:\.dev\d+)?(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$/i;

/** `undefined` for everything that does not name exactly one version. */
export function parsePinnedPackage(text: string): PinnedPackage | undefined {
  const { name, extras, version } = PINNED.exec(text)?.groups ?? {};
  if (name === undefined || !VERSION.test(version)) {
    return undefined;
  }
  return {
    name: normalName(name),
    extras: [...new Set((extras ?? "").split(",").map(normalName))].filter((extra) => extra !== "").sort(),
    version: version.toLowerCase(),
  };
}

/** `ray[default]==2.58.0`: the same text for all ways to write a pin; other text is returned unchanged. */
export function canonicalPackage(text: string): string {
  const found = parsePinnedPackage(text);
  if (found === undefined) {
    return text;
  }
  const extras = found.extras.length > 0 ? `[${found.extras.join(",")}]` : "";
  return `${found.name}${extras}==${found.version}`;
}

/** Version that a list of packages gives one of them; `undefined`: it is not among them. */
export function versionAmong(packages: readonly string[], name: string): string | undefined {
  return packages.map(parsePinnedPackage).find((found) => found?.name === name)?.version;
}

function normalName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}
