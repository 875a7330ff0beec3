import rows from "./docker-versions.json";
import type { FactRow } from "./facts";
import { table } from "./table";

/** A version of the Docker engine from which on something works that the clusters need. */
export interface DockerVersionFacts extends FactRow {
  readonly name: string;
  /** Oldest version, inclusive. */
  readonly minimum: string;
  readonly purpose: string;
}

const versions = table<DockerVersionFacts>("version of Docker", rows, "name");

export const { all: dockerVersions } = versions;

/** Oldest Docker engine that runs images of present distributions. */
export const MINIMUM_DOCKER = versions.get("clone3").minimum;
