import { Argument, Command } from "commander";
import { ensureDocker } from "../../lib/cli/base/docker-engine";
import { Progress } from "../../lib/cli/base/progress";
import type { ImageOptions } from "../../lib/cli/images/base-image";
import { OWN_IMAGES } from "./local-images";

/** The command `image`. @param defaults options that the command line does not have */
export function imageCommand(defaults: ImageOptions = {}): Command {
  return new Command("image")
    .description(
      `build an image that local stacks use:\n${OWN_IMAGES.map(({ name, title }) => `${name}: ${title}`).join("\n")}`,
    )
    .addArgument(
      new Argument("[name]", "which image")
        .choices(OWN_IMAGES.map((image) => image.name))
        .default(OWN_IMAGES[0].name),
    )
    .option("--ray-version <version>", "Ray version (default: the one in the catalogue)")
    .option("--base-image <reference>", "image with the right Python, if the public one cannot be pulled")
    .action(async (name: string, options: ImageOptions) => {
      const progress = new Progress();
      const engine = await ensureDocker(progress);
      for (const image of OWN_IMAGES.filter((candidate) => candidate.name === name)) {
        await image.ensure(engine, progress, { ...defaults, ...options });
      }
    });
}
