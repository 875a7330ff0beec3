import { Argument, Command } from "commander";
import { ensureDocker } from "../base/docker-engine";
import { Progress } from "../base/progress";
import type { ImageOptions } from "./image-options";
import { OWN_IMAGES } from "./images";

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
    .option("--ray-version <version>", "another Ray than the one of the catalogue")
    .option(
      "--base-image <reference>",
      "an image with the right Python, where the public one is out of reach",
    )
    .action(async (name: string, options: ImageOptions) => {
      const progress = new Progress();
      const engine = await ensureDocker(progress);
      for (const image of OWN_IMAGES.filter((candidate) => candidate.name === name)) {
        await image.ensure(engine, progress, { ...defaults, ...options });
      }
    });
}
