/** Where things lie on a machine. The scripts below `rootfs/` have the same paths as defaults. */
export const HOST_PATHS = {
  programs: "/usr/local/lib/ray-cluster",
  boot: "/etc/ray-cluster/boot",
  nodeConfig: "/etc/ray-cluster/node.json",
  /** In memory. */
  secrets: "/run/ray-cluster/secrets",
  /** The container's private volume. */
  volume: "/var/lib/ray-cluster/volume",
  /** The container's constant files, as one. */
  files: "/var/lib/ray-cluster/host/files.json",
  units: "/etc/systemd/system",
} as const;

/** Name of the container on its machine, where there is no other of its kind. */
export const CONTAINER_NAME = "ray-cluster";

export const SERVICE = "ray-cluster.service";
