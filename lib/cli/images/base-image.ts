import type { BaseImage } from "../../catalog/base-images";
import { CommandError } from "../base/command-error";
import type { DockerEngine } from "../base/docker-engine";
import { lastLines, run } from "../base/process";
import type { Progress } from "../base/progress";
import type { BaseImageMaker } from "./image-options";

/** Until the registry's first answer; behind a closed firewall there is none, and the daemon retries. */
const FIRST_ANSWER_SECONDS = 45;
const PULL_SECONDS = 1200;

/**
 * An image with the wanted Python in the engine: the public one of the catalogue.
 *
 * @param withoutRegistry what makes one where no container registry can be reached
 * @returns its reference
 * @throws CommandError where there is neither
 */
export async function ensureBaseImage(
  base: BaseImage,
  engine: DockerEngine,
  progress: Progress,
  withoutRegistry?: BaseImageMaker,
): Promise<string> {
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
