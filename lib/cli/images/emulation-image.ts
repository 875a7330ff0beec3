import { join } from "node:path";
import { baseImageOf } from "../../catalog/base-images";
import {
  EMULATION_FOLDER,
  emulationImageTag,
  emulationRayVersion,
} from "../../docker/images/emulation-image";
import { ensureBaseImage, hasImage, type ImageOptions } from "./base-image";
import { buildImage } from "./docker-build";
import type { DockerEngine } from "../base/docker-engine";
import type { Progress } from "../base/progress";
import { fetchWheels } from "./wheels";

/**
 * The emulation image in Docker, built where it is missing.
 *
 * @returns its tag, which names its inputs: an image that is there is never built again
 */
export async function ensureEmulationImage(
  engine: DockerEngine,
  progress: Progress,
  options: ImageOptions = {},
): Promise<string> {
  const rayVersion = options.rayVersion ?? emulationRayVersion();
  const tag = emulationImageTag(rayVersion);
  if (await hasImage(tag)) {
    progress.say(`image ${tag} exists already`);
    return tag;
  }
  progress.say(`image ${tag} is built once, which takes up to 5 min`);
  const base = baseImageOf("emulation");
  const wheels = await fetchWheels(
    {
      title: `Ray ${rayVersion} and the clients of the model hubs`,
      name: `ray${rayVersion}`,
      // Of another Ray no hashes are known here.
      list:
        rayVersion === emulationRayVersion()
          ? { lock: join(EMULATION_FOLDER, "packages.lock") }
          : {
              packages: [`ray==${rayVersion}`, "huggingface-hub", "modelscope-hub"],
              pins: join(EMULATION_FOLDER, "constraints.txt"),
            },
      pythonVersion: base.pythonVersion,
      architecture: engine.architecture,
      usually: "5 to 60 s",
    },
    progress,
  );
  const baseImage = await ensureBaseImage(base, engine, progress, options);
  await buildImage(
    {
      tag,
      dockerfile: join(EMULATION_FOLDER, "ray.dockerfile"),
      context: wheels,
      values: { BASE_IMAGE: baseImage, RAY_VERSION: rayVersion },
      stage: "wheels",
      usually: "20 to 60 s",
    },
    progress,
  );
  return tag;
}
