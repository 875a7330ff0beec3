import { join } from "node:path";
import { baseImageOf } from "../../catalog/base-images";
import { rayVersionOf } from "../../catalog/ray-versions";
import { ContainerImage } from "../../topology/declaration/container-image";
import { imageInputsHash } from "./image-inputs";

/** Folder of the Dockerfile and of everything that the image is built from. */
export const EMULATION_FOLDER = join(__dirname, "emulation");

/** Image of the local emulation: Python and the pinned Ray, built by the `image` command. */
export function emulationImage(): ContainerImage {
  return ContainerImage.of(emulationImageTag(), {
    rayVersion: emulationRayVersion(),
    pythonVersion: baseImageOf("emulation").pythonVersion,
  });
}

/** Ray version that the emulation image holds. */
export function emulationRayVersion(): string {
  return rayVersionOf("emulation");
}

/**
 * `cdktf-ray-cluster/emulation:ray<version>-<hash over the inputs>`
 *
 * @param folder where the inputs lie
 */
export function emulationImageTag(rayVersion = emulationRayVersion(), folder = EMULATION_FOLDER): string {
  const { image, suite, packages } = baseImageOf("emulation");
  const facts = `ray=${rayVersion}\0${JSON.stringify({ image, suite, packages })}\0`;
  return `cdktf-ray-cluster/emulation:ray${rayVersion}-${imageInputsHash(facts, folder)}`;
}
