export { CloudInitBackend, type CloudInitBackendProps, type RegistryLogin } from "./cloud-init-backend";
export { CloudInitSite } from "./cloud-init-site";
export { ReadinessCheck, type ReadinessKind, type SshReadinessOptions } from "./readiness-check";
export { SecretSource } from "./secret-source";
