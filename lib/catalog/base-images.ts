import type { FactRow } from "./facts";
import rows from "./base-images.json";
import { table } from "./table";

/** The base of an image that this library builds. */
export interface BaseImage extends FactRow {
  readonly id: string;
  /** Public image, for builds that can reach a container registry. */
  readonly image: string;
  /** `major.minor` of the Python that both forms of the base hold. */
  readonly pythonVersion: string;
  /** Debian release that the base is made of where no container registry can be reached. */
  readonly suite: string;
  /** Packages beyond Debian's required ones. */
  readonly packages: readonly string[];
  /** Debian archive, where the host names none of its own. */
  readonly mirror: string;
}

export const { get: baseImageOf } = table<BaseImage>("base image", rows);
