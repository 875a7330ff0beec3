export { LocalBackend, type LocalBackendProps } from "./local-backend";
