export { HostsBackend, type HostsBackendOptions, type HostsBackendProps } from "./hosts-backend";
export type { HostMachine } from "./host-machine";
