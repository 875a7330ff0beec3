/** What may be chosen of an image that is built here. */
export interface ImageOptions {
  /** @default - the Ray of the catalogue */
  readonly rayVersion?: string;
  /**
   * Reference of an image with the right Python, in Docker or in a registry.
   *
   * @default - the public one of the catalogue, else one made of Debian's packages
   */
  readonly baseImage?: string;
}
