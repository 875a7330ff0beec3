import type { BaseImage } from "../../catalog/base-images";
import type { DockerEngine } from "../base/docker-engine";
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
