import type { FactRow } from "./facts";
import rows from "./image-shell-files.json";
import { table } from "./table";

/** Variables that an image keeps in files for a shell, because its own entry point or its users' shells read them. */
interface ImageShellFiles extends FactRow {
  /** Repository, without tag. */
  readonly image: string;
  /** Repositories that offer the same images. */
  readonly mirrors: readonly string[];
  /** Absolute paths, in the order in which they are read. */
  readonly files: readonly string[];
}

const { all } = table<ImageShellFiles>("shell files of an image", rows, "image");

/**
 * Shell files of an image that set what its programs need; empty: none are known.
 *
 * @param reference `repository:tag`, with or without a digest
 */
export function shellFilesOf(reference: string): readonly string[] {
  const repository = reference.replace(/@.*$/, "").replace(/:[^/:]+$/, "");
  return (
    all().find(({ image, mirrors }) => image === repository || mirrors.includes(repository))?.files ?? []
  );
}
