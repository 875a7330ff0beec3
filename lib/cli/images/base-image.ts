import type { BaseImage } from "../../catalog/base-images";
import { CommandError } from "../base/command-error";
import type { DockerEngine } from "../base/docker-engine";
import { lastLines, run } from "../base/process";
import type { Progress } from "../base/progress";

/** What may be chosen of an image that is built here. */
export interface ImageOptions {
  /** @default - the Ray of the catalogue */
  readonly rayVersion?: string;
  /**
   * Reference of an image with the right Python, in Docker or in a registry.
   *
   * @default - the public one of the catalogue
   */
  readonly baseImage?: string;
  /**
   * What makes a base image where no container registry can be reached.
   *
   * @default - nothing: that is an error
   */
  readonly withoutRegistry?: BaseImageMaker;
}

/** Makes a base image on this machine. */
export interface BaseImageMaker {
  /** Reference of the one that was made before; `undefined`: none. */
  readonly existing: (base: BaseImage, engine: DockerEngine) => Promise<string | undefined>;
  /** @returns its reference */
  readonly make: (base: BaseImage, engine: DockerEngine, progress: Progress) => Promise<string>;
}

/** Until the registry's first answer; behind a closed firewall there is none, and the daemon retries. */
const FIRST_ANSWER_SECONDS = 45;
const PULL_SECONDS = 1200;

/**
 * An image with the wanted Python: the one that is named, else the public one of the catalogue, in the engine.
 *
 * @returns its reference
 * @throws CommandError where there is neither
 */
export async function ensureBaseImage(
  base: BaseImage,
  engine: DockerEngine,
  progress: Progress,
  { baseImage, withoutRegistry }: Pick<ImageOptions, "baseImage" | "withoutRegistry">,
): Promise<string> {
  if (baseImage !== undefined) {
    return baseImage;
  }
  if (await hasImage(base.image)) {
    return base.image;
  }
  const made = await withoutRegistry?.existing(base, engine);
  if (made !== undefined) {
    return made;
  }
  try {
    await progress.step(`pulling ${base.image}`, () => pull(base));
    return base.image;
  } catch (error) {
    if (withoutRegistry === undefined) {
      throw error;
    }
    progress.say(`  ${String(error)}`);
    return withoutRegistry.make(base, engine, progress);
  }
}

export async function hasImage(reference: string): Promise<boolean> {
  return (await run("docker", ["image", "inspect", "--format", "{{.Id}}", reference])).exitCode === 0;
}

async function pull(base: BaseImage): Promise<void> {
  const tooLate = new AbortController();
  const silence = setTimeout(() => {
    tooLate.abort();
  }, FIRST_ANSWER_SECONDS * 1000);
  const outcome = await run("docker", ["pull", base.image], {
    timeoutSeconds: PULL_SECONDS,
    signal: tooLate.signal,
    onLine: () => {
      clearTimeout(silence);
    },
  });
  clearTimeout(silence);
  if (outcome.exitCode !== 0) {
    const said = lastLines(outcome.stderr, 3).trim();
    throw new CommandError(
      `no container registry can be reached: ${said === "" ? `no answer within ${FIRST_ANSWER_SECONDS} s` : said}`,
      `Load an image with Python ${base.pythonVersion} into Docker (docker load) and name it with --base-image.`,
    );
  }
}
