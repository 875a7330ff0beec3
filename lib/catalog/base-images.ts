import type { FactRow } from "./facts";
import rows from "./base-images.json";

/** What an image of ours is built on. */
export interface BaseImage extends FactRow {
  readonly id: string;
  /** Public image, used where a container registry can be reached. */
  readonly image: string;
  /** `major.minor` of the Python that both forms of the base hold. */
  readonly pythonVersion: string;
  /** Debian release that the base is made of where no container registry can be reached. */
  readonly suite: string;
  /** Packages beyond Debian's required ones. */
  readonly packages: readonly string[];
  /** Debian archive, where the host names none of its own. */
  readonly mirror: string;
  readonly note?: string;
}

/** The base of an image. Throws for an id that the catalogue does not hold: that is our mistake. */
export function baseImageOf(id: string): BaseImage {
  const row: BaseImage | undefined = rows.find((candidate) => candidate.id === id);
  if (!row) {
    throw new Error(`no base image '${id}' in the catalogue`);
  }
  return row;
}
