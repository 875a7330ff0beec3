import type { PythonPackagesOptions } from "./python-package";

/** A repository at a commit that becomes part of an image, and what is installed for it. */
export interface ImageSourceProps extends PythonPackagesOptions {
  /** URL that git reads: `https://`, `http://` or `git://`, without credentials. */
  readonly repository: string;
  /** The whole commit id, 40 hexadecimal digits. It identifies the content, wherever it is fetched from. */
  readonly commit: string;
  /**
   * Requirements file for pip, relative to the repository. It may name further files and packages of the repository.
   *
   * @default - nothing is installed
   */
  readonly requirements?: string;
  /**
   * Folder of the repository in the image. What it has as submodules is not fetched.
   *
   * @default - `/workspace/<name of the repository>`
   */
  readonly folder?: string;
  /**
   * Names of packages that the requirements must leave as the base has them, where it has them. What is not kept may be
   * changed, as `pip install -r` does.
   *
   * @default ['torch', 'torchvision', 'torchaudio', 'torch-npu'], which are built for the base's drivers
   */
  readonly keep?: readonly string[];
  /**
   * Ray version that the image holds when the requirements are installed. The build fails where it holds another.
   *
   * @default - the base's, or that of packages that are added
   */
  readonly rayVersion?: string;
  /**
   * Python version that the base holds, for the review.
   *
   * @default - as declared for the base
   */
  readonly pythonVersion?: string;
  /**
   * Path of a file with git's stored credentials (`https://user:token@host`, one in each line) on the machine that runs
   * Terraform, absolute or from `~/` on. It is read during the build only.
   *
   * @default - the repository can be read by everybody
   */
  readonly gitCredentialsFile?: string;
}

/** One source of a derived image, as its build reads it. */
export interface ImageSource {
  /** URL that git reads. */
  readonly repository: string;
  /** The whole commit id, in lower case. */
  readonly commit: string;
  /** `null`: nothing is installed. */
  readonly requirements: string | null;
  /** Folder in the image. */
  readonly folder: string;
  /** Sorted. */
  readonly keep: readonly string[];
  /** What the image must hold then; `null`: not stated. */
  readonly rayVersion: string | null;
}

/** Packages that are built against the accelerator's libraries of their image. */
const BUILT_FOR_THE_BASE = ["torch", "torchvision", "torchaudio", "torch-npu"];

/** With every default filled in. */
export function imageSource(props: ImageSourceProps): ImageSource {
  const { repository, commit, requirements, folder, keep, rayVersion } = props;
  return {
    repository,
    commit: commit.toLowerCase(),
    requirements: requirements ?? null,
    folder: folder ?? `/workspace/${repositoryName(repository)}`,
    keep: [...(keep ?? BUILT_FOR_THE_BASE)].sort(),
    rayVersion: rayVersion ?? null,
  };
}

/** `ROLL` of `https://github.com/alibaba/ROLL.git`. */
export function repositoryName(repository: string): string {
  const last = repository.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return last.replace(/\.git$/, "") || "source";
}
