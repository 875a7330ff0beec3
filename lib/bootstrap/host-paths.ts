/** Paths on a machine. The scripts below `rootfs/` have the same defaults. */
export const HOST_PATHS = {
  programs: "/usr/local/lib/ray-cluster",
  boot: "/etc/ray-cluster/boot",
  nodeConfig: "/etc/ray-cluster/node.json",
  /** In memory (tmpfs). */
  secrets: "/run/ray-cluster/secrets",
  /** In memory, too: what the head's container takes away. */
  modelSecrets: "/run/ray-cluster/model-secrets",
  /** The container's private volume. */
  volume: "/var/lib/ray-cluster/volume",
  /** The files that all machines of a cluster share; the container unpacks its own from it. */
  bundle: "/var/lib/ray-cluster/host/bundle.json",
  /** The same where it is part of what the machine boots with; see `packed.ts`. */
  packedBundle: "/var/lib/ray-cluster/host/bundle.b85",
  /** What the readiness check brings to the head. */
  workload: "/var/lib/ray-cluster/host/workload.json",
  /** The program that unpacks the bundle. */
  unpack: "/usr/local/lib/ray-cluster/unpack_files.py",
  /** Folder of what an image is made of. */
  recipe: "/var/lib/ray-cluster/host/image-recipe",
  /** Name and digest of the image that this boot found. */
  image: "/run/ray-cluster/image",
  units: "/etc/systemd/system",
} as const;

/** Name of the container on its machine. */
export const CONTAINER_NAME = "ray-cluster";
/** Name of the readiness check's container, beside it on the head's machine. */
export const GATE_NAME = "ray-cluster-gate";

export const SERVICE = "ray-cluster.service";
export const ANNOUNCE_SERVICE = "ray-cluster-announce.service";
