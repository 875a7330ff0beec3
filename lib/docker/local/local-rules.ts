import type { Problem } from "../../problems/problem";
import { show } from "../../problems/text";

/** What a user decides about the place of a local cluster, with its defaults. */
export interface LocalSettings {
  readonly apiPort: number;
  readonly dockerHost?: string;
  readonly cpusPerNode: number;
  readonly objectStoreMiB: number;
  readonly sharedMemoryMiB: number;
}

/** Ray refuses to start with a smaller object store. */
const MINIMUM_OBJECT_STORE_MIB = 75;
const DOCKER_HOST = /^(unix|npipe|tcp|http|https|ssh|fd):\/\/\S+$/;

/** What is wrong with the place itself; the rules of the topology judge what follows from it. */
export function checkLocal(settings: LocalSettings): readonly Problem[] {
  const { apiPort, dockerHost, cpusPerNode, objectStoreMiB, sharedMemoryMiB } = settings;
  return [
    ...problem("RC200", "apiPort", apiPort, isWhole(apiPort, 1, 65_535), {
      allowed: "must be a whole TCP port from 1 to 65535",
      fix: "choose a free port of the Docker host, e.g. 8000",
    }),
    ...problem("RC201", "dockerHost", dockerHost, dockerHost === undefined || DOCKER_HOST.test(dockerHost), {
      allowed: "must be the address of a Docker daemon with its scheme",
      fix: "write e.g. 'unix:///var/run/docker.sock', or leave it out for DOCKER_HOST",
    }),
    ...problem("RC202", "cpusPerNode", cpusPerNode, isWhole(cpusPerNode, 1, 1024), {
      allowed: "must be a whole number of CPUs from 1 to 1024",
      fix: "use 1: an emulated rank needs no CPU of its own",
    }),
    ...problem("RC203", "objectStoreMiB", objectStoreMiB, isWhole(objectStoreMiB, MINIMUM_OBJECT_STORE_MIB), {
      allowed: `must be a whole number of at least ${MINIMUM_OBJECT_STORE_MIB}, Ray's own minimum`,
      fix: "use 100",
    }),
    ...problem("RC204", "sharedMemoryMiB", sharedMemoryMiB, isWhole(sharedMemoryMiB, objectStoreMiB), {
      allowed: `must be a whole number and hold the object store of ${objectStoreMiB} MiB`,
      fix: "raise it, or lower objectStoreMiB; else Ray moves the object store to the disk",
    }),
  ];
}

function problem(
  rule: string,
  property: string,
  value: unknown,
  holds: boolean,
  advice: { readonly allowed: string; readonly fix: string },
): readonly Problem[] {
  return holds ? [] : [{ rule, level: "error", path: `backend.${property}`, got: show(value), ...advice }];
}

function isWhole(value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && value >= minimum && value <= maximum;
}
