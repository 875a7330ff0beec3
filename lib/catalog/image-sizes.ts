import type { FactRow } from "./facts";
import rows from "./image-sizes.json";
import { table } from "./table";

/** Disk space that an image takes on a machine once it is unpacked. */
export interface ImageSizeFacts extends FactRow {
  /** Repository, without tag. */
  readonly image: string;
  /** Of the newest tag that was read, rounded up. */
  readonly gibibytes: number;
}

const sizes = table<ImageSizeFacts>("size of an image", rows, "image");

export const { all: imageSizes } = sizes;

/**
 * GiB of disk space that an image takes; `undefined`: not known.
 *
 * @param reference `repository:tag`, with or without a digest
 */
export function imageGiB(reference: string): number | undefined {
  const repository = reference.replace(/@.*$/, "").replace(/:[^/:]+$/, "");
  return sizes.find(repository.replace(/^docker\.io\//, ""))?.gibibytes;
}
