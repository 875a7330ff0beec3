/** Where things lie on a machine. The scripts below `rootfs/` have the same paths as defaults. */
export const HOST_PATHS = {
  programs: "/usr/local/lib/ray-cluster",
  boot: "/etc/ray-cluster/boot",
  nodeConfig: "/etc/ray-cluster/node.json",
  /** In memory. */
  secrets: "/run/ray-cluster/secrets",
  /** The container's private volume. */
  volume: "/var/lib/ray-cluster/volume",
  /** What all machines of a cluster share, as one file; the next two come out of it. */
  bundle: "/var/lib/ray-cluster/host/bundle.json",
  /** Folder of what an image is made of. */
  recipe: "/var/lib/ray-cluster/host/image-recipe",
  /** The container's constant files, as one. */
  files: "/var/lib/ray-cluster/host/files.json",
  /** Name and digest of the image, as this boot has found it. */
  image: "/run/ray-cluster/image",
  units: "/etc/systemd/system",
} as const;

/** Name of the container on its machine, where there is no other of its kind. */
export const CONTAINER_NAME = "ray-cluster";
/** Of the container that waits beside it, on the head. */
export const GATE_NAME = "ray-cluster-gate";

export const SERVICE = "ray-cluster.service";
export const ANNOUNCE_SERVICE = "ray-cluster-announce.service";
