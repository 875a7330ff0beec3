import { emulationImageTag } from "../../lib/docker/images/emulation-image";
import { vllmCpuImageTag } from "./vllm-cpu-image";
import type { DockerEngine } from "../../lib/cli/base/docker-engine";
import { ensureEmulationImage } from "../../lib/cli/images/emulation-image";
import type { ImageOptions } from "../../lib/cli/images/base-image";
import type { Progress } from "../../lib/cli/base/progress";
import { ensureVllmCpuImage } from "./build-vllm-cpu-image";

/** An image that is built here and pulled from nowhere. */
export interface OwnImage {
  /** Its name on the command line. */
  readonly name: string;
  /** What it holds. */
  readonly title: string;
  /** The reference under which stacks name it. */
  readonly tag: () => string;
  /** Builds it where it is missing, and returns its reference. */
  readonly ensure: (engine: DockerEngine, progress: Progress, options?: ImageOptions) => Promise<string>;
}

/** All of them, the usual one first. */
export const OWN_IMAGES: readonly OwnImage[] = [
  {
    name: "emulation",
    title: "Python and a pinned Ray",
    tag: emulationImageTag,
    ensure: ensureEmulationImage,
  },
  {
    name: "vllm-cpu",
    title: "real vLLM for CPUs, a pinned Ray and a tiny model",
    tag: vllmCpuImageTag,
    ensure: ensureVllmCpuImage,
  },
];

/** Those of our images that are among these references. */
export function ownImagesOf(references: readonly string[]): readonly OwnImage[] {
  return OWN_IMAGES.filter((image) => references.includes(image.tag()));
}
