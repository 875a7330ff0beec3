import { isAbsolutePath, isWithin, unless } from "../../problems/checks";
import { errorRule } from "../../problems/rule";
import { show } from "../../problems/text";
import { CONTAINER_FOLDERS, KERNEL_FOLDERS, SYSTEM_FOLDERS } from "../plan/limits";
import type { ClusterRule } from "./rule";

/** Places whose containers the Docker provider starts. */
const BY_PROVIDER: readonly string[] = ["local", "hosts"];

/** Rules of what containers get besides what the plan derives. */
export const containerExtraRules: readonly ClusterRule[] = [
  errorRule("RC165", {
    title: "A further device is a device node",
    why: "Docker does not start a container with a device that is none.",
    check: ({ extras: { devices } }) =>
      devices.map((device, index) =>
        unless(isAbsolutePath(device) && device !== "/dev" && isWithin(device, "/dev"), {
          path: `extraDevices[${index}]`,
          got: show(device),
          must: "be a path below /dev",
          fix: "name the device node, e.g. '/dev/fuse'",
        }),
      ),
  }),
  errorRule("RC166", {
    title: "A further mount is a path of its own in the containers",
    why: "It would hide the system, the programs, the storage or the cluster's own files.",
    check: ({ extras: { mounts }, storage }) =>
      mounts.flatMap(({ source, target }, index) => {
        const [property, path] = isAbsolutePath(source) ? ["mountPath", target] : ["hostPath", source];
        const own = [...CONTAINER_FOLDERS, ...storage.map(({ mountPath }) => mountPath)];
        const hides =
          [...KERNEL_FOLDERS, ...own].some(
            (folder) => isWithin(target, folder) || isWithin(folder, target),
          ) || SYSTEM_FOLDERS.some((folder) => isWithin(folder, target));
        return unless(isAbsolutePath(path) && !hides, {
          path: `extraMounts[${index}].${property}`,
          got: show(path),
          must: "be an absolute path that hides nothing in the container",
          fix: "use a separate path, e.g. '/opt/profiler'",
        });
      }),
  }),
  errorRule("RC167", {
    title: "A further capability is one of Linux",
    why: "Docker refuses any other name.",
    check: ({ extras: { capabilities } }) =>
      capabilities.map((capability, index) =>
        unless(/^CAP_[A-Z][A-Z_]*$/.test(capability), {
          path: `extraCapabilities[${index}]`,
          got: show(capability),
          must: "be the name of a capability",
          fix: "write e.g. 'SYS_PTRACE'",
        }),
      ),
  }),
  errorRule("RC199", {
    title: "The root of a container is read-only only where no provider copies files into it",
    why: "The Docker provider uploads the node program to '/', which Docker refuses for a read-only root.",
    check: ({ extras: { isRootReadOnly } }, { place: { backend } }) =>
      isRootReadOnly &&
      BY_PROVIDER.includes(backend) && {
        path: "readOnlyRoot",
        got: show(isRootReadOnly),
        must: "be left out where the Docker provider starts the containers (local, hosts)",
        fix: "leave it out, or let the machines boot with cloud-init",
      },
  }),
];
