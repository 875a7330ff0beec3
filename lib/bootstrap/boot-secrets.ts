import type { ContainerSpec } from "../runtime/container-spec/container-spec";
import { CONTAINER_PATHS } from "../runtime/paths";
import { HOST_PATHS } from "./host-paths";

/** Names of the files that hold secrets in a machine's memory. */
export const SECRET_NAMES = { rayToken: "ray-token", model: "model" } as const;

/** The container of a node that mounts the model's secret from the machine's memory, whatever its source. */
export function withModelSecret(spec: ContainerSpec): ContainerSpec {
  const target = CONTAINER_PATHS.modelSecret;
  const source = `${HOST_PATHS.secrets}/${SECRET_NAMES.model}`;
  return {
    ...spec,
    mounts: [...spec.mounts.filter((mount) => mount.target !== target), { source, target, readOnly: true }],
  };
}
