import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerFile } from "../runtime/container-spec/container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
import type { BootBuild } from "./boot-spec";
import { HOST_PATHS } from "./host-paths";
import { rootfsFile } from "./rootfs-file";

const ROOTFS = join(__dirname, "rootfs");
const UNPACK = join(__dirname, "../runtime/unpack_files.py");
/** Begins the name of what belongs to the machine, not to its container; `unpack_bundle.py` knows it, too. */
const HOST = "host:";
/** Steps of a boot that come after `fetch-program.sh`. */
const STEPS = [
  "build-image.sh",
  "check-host.sh",
  "fetch-secrets.sh",
  "install-docker.sh",
  "install-nvidia-toolkit.sh",
  "pull-image.sh",
  "run-node.sh",
  "stage-files.sh",
  "wait-for-mounts.sh",
];

/**
 * What all machines of a cluster fetch, as one text: the container's files but for `node.json`, the programs of the
 * boot, and the recipe of an image that the machines make. None of it is a node's own, and together it is more than a
 * cloud takes as user data.
 */
export function bundleText(files: readonly ContainerFile[], build?: BootBuild): string {
  const constant = files.filter(({ path }) => path !== CONTAINER_PATHS.config);
  const all = [...constant, ...steps(), ...recipe(build)];
  return `${JSON.stringify(Object.fromEntries(all.map(({ path, content }) => [path, content])))}\n`;
}

function steps(): readonly ContainerFile[] {
  const programs = STEPS.map((name) => rootfsFile(ROOTFS, `${HOST_PATHS.programs.slice(1)}/${name}`));
  const unpack = { path: `${HOST_PATHS.programs}/unpack_files.py`, content: readFileSync(UNPACK, "utf8") };
  return [...programs, unpack].map(({ path, content }) => ({ path: `${HOST}${path}`, content }));
}

function recipe(build: BootBuild | undefined): readonly ContainerFile[] {
  return (build?.files ?? []).map(({ name, content }) => ({
    path: `${HOST}${HOST_PATHS.recipe}/${name}`,
    content,
  }));
}
