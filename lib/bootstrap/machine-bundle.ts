import { join } from "node:path";
import { bundleText } from "../runtime/bundle";
import type { ContainerFile } from "../runtime/container-spec/container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
import { type DerivedImagePlan, derivedImageFiles } from "../topology/declaration/derived-image";
import { HOST_PATHS } from "./host-paths";
import { rootfsFile } from "./rootfs-file";

const ROOTFS = join(__dirname, "rootfs");
/** Steps of a boot after `fetch-program.sh`. */
const STEPS = [
  "build-image.sh",
  "check-host.sh",
  "check-machine.sh",
  "fetch-secrets.sh",
  "install-docker.sh",
  "install-nvidia-toolkit.sh",
  "lustre-client.sh",
  "packages.sh",
  "packet-filter.sh",
  "prepare-machine.sh",
  "pull-image.sh",
  "run-node.sh",
  "ship_logs.py",
  "stage-files.sh",
  "stop-cluster.sh",
  "wait-for-mounts.sh",
];

/** What keeps the distribution from restarting or rebooting a node that serves, and what copies its logs. */
const SETTINGS = [
  "etc/apt/apt.conf.d/60-ray-cluster",
  "etc/needrestart/conf.d/60-ray-cluster.conf",
  "etc/systemd/system/ray-cluster-logs.service",
];

/**
 * The bundle that all machines of a cluster fetch: the container's files except `node.json`, the programs of the boot,
 * and the files of an image that the machines build. It holds nothing of a single node, and exceeds what a cloud takes as
 * user data.
 *
 * @param without names of files that the machine does not need. Not for a bundle that several machines fetch
 */
export function machineBundle(
  files: readonly ContainerFile[],
  build?: DerivedImagePlan,
  without: readonly string[] = [],
): string {
  const steps = STEPS.map((name) => `${HOST_PATHS.programs.slice(1)}/${name}`);
  const recipe = build && derivedImageFiles(build);
  return bundleText(
    files.filter(({ path }) => path !== CONTAINER_PATHS.config),
    [
      ...[...steps, ...SETTINGS]
        .filter((name) => !without.some((one) => name.endsWith(`/${one}`)))
        .map((name) => rootfsFile(ROOTFS, name)),
      ...(recipe ?? []).map(({ name, content }) => ({ path: `${HOST_PATHS.recipe}/${name}`, content })),
    ],
  );
}
