/** Most nodes of a pool; also keeps a mistyped number from becoming a list of that length. */
export const MAXIMUM_NODES = 1024;

/** The names of cluster and pool with a node's index must fit into a host name of 63 characters. */
export const MAXIMUM_CLUSTER_NAME = 32;
export const MAXIMUM_POOL_NAME = 20;

/** Oldest Python that the node program runs on. */
export const MINIMUM_PYTHON = "3.10.0";

/** Folders of the node program in the containers. */
export const CONTAINER_FOLDERS = [
  "/opt/ray-cluster",
  "/etc/ray-cluster",
  "/var/lib/ray-cluster",
  "/var/log/ray-cluster",
  "/run/ray-cluster",
  "/run/secrets/ray-cluster",
];

/** Folders that the kernel provides. */
export const KERNEL_FOLDERS = ["/dev", "/proc", "/sys"];

/** Folders of the system that no container works without. */
export const SYSTEM_FOLDERS = [
  ...["/bin", "/boot", "/etc", "/home", "/lib", "/lib64", "/opt", "/root", "/run", "/sbin", "/tmp", "/usr"],
  ...["/usr/lib", "/usr/local", "/usr/bin", "/var", "/var/lib", "/var/log"],
];
