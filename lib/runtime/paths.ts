/** Paths in the container. */
export const CONTAINER_PATHS = {
  /** Folder of the package `ray_node`, which `unpack_files.py` makes importable. */
  program: "/opt/ray-cluster",
  config: "/etc/ray-cluster/node.json",
  /** In the container of the readiness check alone, which brings it to the head. */
  workload: "/etc/ray-cluster/workload.json",
  /** One line that says who deploys, if the place writes it. In the container of the readiness check alone. */
  deployer: "/etc/ray-cluster/deployer",
  /** Mount point of the cluster's private volume. */
  volume: "/var/lib/ray-cluster",
  state: "/var/lib/ray-cluster/state",
  /** Mounted read-only if the place provides the token, else a folder of the private volume. */
  secrets: "/var/lib/ray-cluster/secrets",
  token: "/var/lib/ray-cluster/secrets/ray-token",
  /**
   * Secrets of model sources on their way to the head, each until it is taken: a folder of the private volume, or of the
   * machine's memory where the machine fetches them (`source_secret.py` has the same name).
   */
  modelSecrets: "/var/lib/ray-cluster/model-secrets",
  /** What a node makes at its start for TLS, in its container's own file system and in a folder of its own. */
  tlsAuthority: "/run/ray-cluster/tls/authority.crt",
  tlsCertificate: "/run/ray-cluster/tls/node.crt",
  tlsKey: "/run/ray-cluster/tls/node.key",
  /** One line with the digest of the container's image, if the place writes it. */
  imageDigest: "/etc/ray-cluster/image-digest",
  engineLog: "/var/log/ray-cluster/engine.log",
} as const;
