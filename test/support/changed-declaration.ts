import {
  Accelerator,
  ContainerImage,
  EmulatedServe,
  Fabric,
  type HostMachine,
  HostsBackend,
  type HostsBackendProps,
  LocalBackend,
  type LocalBackendProps,
  ModelSource,
  type NodePool,
  RayCluster,
  type RayClusterProps,
} from "../../lib";
import { Synthesized } from "./synth";

/** A change of the declaration. */
export interface Change {
  readonly cluster?: Partial<RayClusterProps>;
  readonly pool?: Partial<NodePool>;
  readonly local?: LocalBackendProps;
  readonly hosts?: Partial<HostsBackendProps>;
}

/** Of existing machines, a to d. */
export const MACHINES: readonly HostMachine[] = ["a", "b", "c", "d"].map((name, index) => ({
  name,
  sshHost: `10.20.0.${index + 10}`,
  address: `10.30.0.${index + 10}`,
}));

/** A model of a hub at a commit of this digit. */
export const modelAt = (digit: string) => ModelSource.huggingFace("a/b", { revision: digit.repeat(40) });

export const imageOf = (tag: string) =>
  ContainerImage.of(`registry.internal/engine:${tag}`, { rayVersion: "2.58.0" });

/** What belongs to the workload in every place: no node notices. */
export const OF_THE_WORKLOAD: readonly (readonly [string, { readonly cluster: Partial<RayClusterProps> }])[] =
  [
    ["another model of the same engine", { cluster: { engine: new EmulatedServe({ servedModel: "x" }) } }],
    ["another revision of the model", { cluster: { model: modelAt("2") } }],
    ["a variable of the engine's process", { cluster: { driverEnvironment: { A: "1" } } }],
    ["a longer time for a completion", { cluster: { completionTimeoutSeconds: 90 } }],
    ["a longer time for the whole", { cluster: { servingTimeoutSeconds: 9000 } }],
    ["more attempts to start the engine", { cluster: { engineStartAttempts: 9 } }],
    ["a tolerated check", { cluster: { toleratedChecks: ["neighbour"] } }],
  ];

/** Three nodes of two emulated devices, a model of a hub on each node's own disk. */
export function changed(place: "local" | "hosts", { cluster, pool, local, hosts }: Change): Synthesized {
  const npus = { name: "npu", nodes: 3, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 2 };
  const own = { hosts: MACHINES.slice(0, 3), subnetCidr: "10.30.0.0/24" };
  return Synthesized.of((scope) => {
    new RayCluster(scope, "c", {
      backend: place === "local" ? new LocalBackend(local) : new HostsBackend({ ...own, ...hosts }),
      pools: [{ ...npus, ...pool }],
      fabric: Fabric.TCP,
      image: imageOf("1"),
      engine: new EmulatedServe(),
      model: modelAt("1"),
      ...cluster,
    });
  });
}
