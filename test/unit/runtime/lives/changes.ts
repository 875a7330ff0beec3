import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import type { Life } from "../../../../lib/runtime/lives/lives";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import type { Place } from "../../../../lib/topology/plan/place";
import { hostsPlace, machineProps } from "../../../support/clusters";

const ADDRESSES = Array.from({ length: 8 }, (_, index) => `10.20.0.${index + 1}`);
const MODEL = "/models/llama";
const IMAGE = `registry.example/vllm@sha256:${"0123456789abcdef".repeat(4)}`;
const OTHER_IMAGE = `registry.example/vllm@sha256:${"fedcba9876543210".repeat(4)}`;
const VERSIONS = { rayVersion: "2.58.0", pythonVersion: "3.12.7" };

export interface Change {
  readonly props?: Partial<ClusterProps>;
  readonly place?: Partial<Place>;
}

/** The declaration and place that every change starts from, with a change. */
export function changed({ props, place }: Change = {}): {
  readonly props: ClusterProps;
  readonly place: Place;
} {
  const pools = props?.pools ?? [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100 }];
  return {
    props: machineProps({
      engine: new VllmServe({ modelPath: MODEL }),
      storage: [HostPathStorage.shared("/mnt/models")],
      image: ContainerImage.of(IMAGE, VERSIONS),
      ...props,
      pools,
    }),
    place: hostsPlace({ addresses: { gpu: ADDRESSES.slice(0, pools[0].nodes) }, ...place }),
  };
}

export const pool = (change: object): Change => ({
  props: { pools: [{ name: "gpu", nodes: 2, accelerator: Accelerator.H100, ...change }] },
});
export const engine = (change: object): Change => ({
  props: { engine: new VllmServe({ modelPath: MODEL, ...change }) },
});
/** What changes, and which lives it touches. */
export const CHANGES: readonly (readonly [what: string, touches: readonly Life[], change: Change])[] = [
  ["nothing", [], {}],
  ["maxModelLen", ["workload"], engine({ maxModelLen: 8192 })],
  ["gpuMemoryUtilization", ["workload"], engine({ gpuMemoryUtilization: 0.8 })],
  ["an argument of the engine", ["workload"], engine({ extraArguments: ["--max-num-seqs", "64"] })],
  ["the cut of the model", ["workload"], engine({ tensorParallelSize: 4, pipelineParallelSize: 4 })],
  ["the name of the served model", ["workload"], engine({ servedModelName: "other" })],
  ["the port of the engine's API", ["workload"], engine({ port: 8080 })],
  ["a sequence that is only planned for", [], engine({ plannedSequences: 2 })],
  ["nodes, up", ["workload"], pool({ nodes: 4 })],
  ["nodes, down", ["workload"], pool({ nodes: 1 })],
  ["the deadline of the engine", ["workload"], { props: { engineTimeoutSeconds: 3600 } }],
  ["the deadline of a completion", ["workload"], { props: { completionTimeoutSeconds: 90 } }],
  ["the deadline for serving", ["workload"], { props: { servingTimeoutSeconds: 9999 } }],
  ["the hold of the membership", ["workload"], { props: { membershipHoldSeconds: 5 } }],
  ["the attempts of the engine", ["workload"], { props: { engineStartAttempts: 5 } }],
  [
    "a variable of the driver",
    ["workload"],
    { props: { driverEnvironment: { VLLM_LOGGING_LEVEL: "DEBUG" } } },
  ],
  ["a variable before Ray", ["node"], { props: { environment: { NCCL_DEBUG: "INFO" } } }],
  // vLLM's list of what stays on each node names them, too.
  ["a variable with the address", ["node", "workload"], { props: { addressVariables: ["MY_ADDRESS"] } }],
  [
    "a variable with the interface",
    ["node", "workload"],
    { props: { interfaceVariables: ["MY_INTERFACE"] } },
  ],
  ["the time to stop", ["node"], { props: { stopTimeoutSeconds: 30 } }],
  ["a port of Ray", ["node"], { props: { ports: { gcs: 6400 } } }],
  [
    "the shell files of the image",
    ["node"],
    { props: { image: ContainerImage.of(IMAGE, { ...VERSIONS, shellFiles: ["/root/.bashrc"] }) } },
  ],
  ["the image", ["node"], { props: { image: ContainerImage.of(OTHER_IMAGE, VERSIONS) } }],
  ["storage", ["node"], { props: { storage: [HostPathStorage.shared("/mnt/other")] } }],
  ["the size of shared memory", ["node"], { place: { sharedMemoryMiB: 9999 } }],
  ["CPUs for Ray", ["node"], { place: { cpusPerNode: 4 } }],
  ["the object store", ["node"], { place: { objectStoreMiB: 4096 } }],
  [
    "the machine type",
    ["machine"],
    { ...pool({ machineType: "p5.48xlarge" }), place: { createsMachines: true } },
  ],
  ["checks that only warn", ["workload"], { props: { toleratedChecks: ["neighbour"] } }],
  // The container's devices and what Ray counts follow.
  ["accelerators per node", ["node", "workload"], pool({ acceleratorsPerNode: 4 })],
  ["the accelerator", ["machine"], pool({ accelerator: Accelerator.H200 })],
  ["the fabric", ["machine", "node"], { props: { fabric: Fabric.ROCE } }],
  ["the cluster network", ["machine", "node"], { place: { subnetCidr: "10.20.0.0/20" } }],
  // A deadline for the whole of serving contains the two of the node.
  ["the deadline of the membership", ["node", "workload"], { props: { membershipTimeoutSeconds: 600 } }],
  ["the deadline for the head", ["node", "workload"], { props: { headTimeoutSeconds: 600 } }],
  // Programs that the engine brings lie in the container, and the collective library's variables depend on the engine.
  ["another engine", ["node", "workload"], { props: { engine: new EmulatedServe() } }],
];
