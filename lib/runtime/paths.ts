/** Where things lie in the container. */
export const CONTAINER_PATHS = {
  /** Folder of the package `ray_node`, which is what PYTHONPATH names. */
  program: "/opt/ray-cluster",
  config: "/etc/ray-cluster/node.json",
  /** Where the private volume of the cluster is mounted. */
  volume: "/var/lib/ray-cluster",
  state: "/var/lib/ray-cluster/state",
  /** Where a place that brings the token mounts it, read-only; else a folder of the private volume. */
  secrets: "/var/lib/ray-cluster/secrets",
  token: "/var/lib/ray-cluster/secrets/ray-token",
  /** One line: the digest of the image that the container was made from, where the place writes it. */
  imageDigest: "/etc/ray-cluster/image-digest",
  engineLog: "/var/log/ray-cluster/engine.log",
  /** What opens the model's source: the hub's token, or an index of presigned URLs. On the head only. */
  modelSecret: "/run/secrets/ray-cluster/model",
} as const;
