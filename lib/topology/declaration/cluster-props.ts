import type { Accelerator } from "./accelerator";
import type { ContainerImage } from "./container-image";
import type { ExtraMount, IpcMode } from "./container-extras";
import type { IClusterRule } from "../cluster-rule";
import type { IEngine } from "../engine-spec";
import type { Fabric } from "./fabric";
import type { ModelSource } from "../values/model-source";
import type { RankTableKind } from "./rank-table-kind";
import type { SecretRef } from "../values/secret-ref";
import type { IStorage } from "./storage";

/** Identical nodes. The first node of the first pool is the head. */
export interface NodePool {
  /** Lower-case letters, digits and dashes; nodes are named `<name>-<index>`. */
  readonly name: string;
  /** Number of nodes, 1 to 1024. */
  readonly nodes: number;
  /**
   * Type of the machines, e.g. `p5.48xlarge`, for a place that creates them; `AwsInstanceType` fills it in.
   *
   * @default - the place decides, or has only one kind of machine
   */
  readonly machineType?: string;
  /**
   * Kind of accelerator.
   *
   * @default - the nodes have no accelerators
   */
  readonly accelerator?: Accelerator;
  /**
   * Accelerators that each node gives to the cluster.
   *
   * @default - as many as `devices` have, else as the usual board of this accelerator has; 0 without an accelerator
   */
  readonly acceleratorsPerNode?: number;
  /**
   * Which devices of each machine the cluster has, by the number of the device node: `[4, 5, 6, 7]` for `/dev/nvidia4` or
   * `/dev/davinci4` to `7`. The others are left to whoever has them, e.g. another cluster. Programs in the containers
   * count these from 0.
   *
   * @default - the first ones
   */
  readonly devices?: readonly number[];
}

/** Ports of Ray and of the node program. Each is fixed; the defaults are in `lib/catalog/ray-ports.json`. */
export interface RayPorts {
  /**
   * Added to each default below, for a second cluster on the same machines, e.g. 1000.
   *
   * @default 0
   */
  readonly offset?: number;
  /** @default 6379 */
  readonly gcs?: number;
  /** @default 6380 */
  readonly nodeManager?: number;
  /** @default 6381 */
  readonly objectManager?: number;
  /** @default 6382 */
  readonly runtimeEnvAgent?: number;
  /** @default 6383 */
  readonly dashboardAgentGrpc?: number;
  /** @default 6384 */
  readonly dashboardAgentListen?: number;
  /** @default 6385 */
  readonly metricsExport?: number;
  /** @default 6386 */
  readonly autoscalerMetrics?: number;
  /** @default 6387 */
  readonly dashboardMetrics?: number;
  /** @default 8265 */
  readonly dashboard?: number;
  /** Ray Client (`ray://`). @default 10001 */
  readonly client?: number;
  /** First port of Ray's worker processes. @default 10002 */
  readonly workersFrom?: number;
  /** Last port of Ray's worker processes. @default 10999 */
  readonly workersTo?: number;
  /** Where the nodes report to the head's node program. @default 6378 */
  readonly nodeReport?: number;
  /** Where each node serves files of the model to the others. @default 6377 */
  readonly nodeFiles?: number;
}

/** A cluster without its name: what `RayCluster` takes besides its place. */
export interface ClusterOptions {
  /** One or more pools; usually one. */
  readonly pools: readonly NodePool[];
  /** Network that carries the collectives between the nodes. */
  readonly fabric: Fabric;
  /** What runs on the cluster. */
  readonly engine: IEngine;
  /** Image of every node. */
  readonly image: ContainerImage;
  /**
   * Why this cluster runs a Ray that cannot authenticate its members (before 2.52), e.g. `the image of vllm-ascend 0.23
   * holds Ray 2.48`. Whoever reaches its ports is root in its containers, so something must close them: AWS' security group,
   * the packet filter of `HostsBackend` and `CloudInitBackend`, or the bridge of `LocalBackend`.
   *
   * @default - such an image is warned of (RC067), and refused where nothing closes the ports (RC028)
   */
  readonly allowUnauthenticatedRay?: string;
  /**
   * TLS between the nodes, with a certificate on both sides (`RAY_USE_TLS`): of Ray's gRPC, and of the reports and model files
   * of the node program. Each node makes its certificate when it starts; the authority follows from the cluster's token, so
   * nothing else is brought to a node. The image needs the program `openssl`. What engines send with NCCL, HCCL, Gloo or sockets
   * of their own stays in clear, as does Ray's HTTP (metrics, agents).
   *
   * @default false
   */
  readonly internodeTls?: boolean;
  /**
   * The model: its source and its numbers. It is on all nodes before the engine starts.
   *
   * @default - the engine finds its model by itself, or needs none
   */
  readonly model?: ModelSource;
  /**
   * Folders of the machines that are mounted into every container. A fetched model goes to the first one.
   *
   * @default - `HostPathStorage.perNode()` where a model is fetched, else none
   */
  readonly storage?: readonly IStorage[];
  /**
   * Environment variables with the same value on every node, set before Ray starts. They are part of
   * Terraform's state, so they must not contain secrets. A list of paths (`PATH`, `LD_LIBRARY_PATH`, `LD_PRELOAD`,
   * `PYTHONPATH`, ...) goes before the image's own.
   *
   * @default - only what the plan derives
   */
  readonly environment?: { readonly [name: string]: string };
  /**
   * Environment variables of the engine's process on the head only.
   *
   * @default - only what the engine brings
   */
  readonly driverEnvironment?: { readonly [name: string]: string };
  /**
   * Secrets as environment variables of the engine's or the job's process on the head, e.g. `WANDB_API_KEY`, and of the
   * processes that an engine starts on the other nodes by itself (vLLM's executor `mp`). No other process gets them, Ray's
   * neither, and their values are in no plan, state, argument or log. A node without such a process does not have the file.
   *
   * @default - none
   */
  readonly secrets?: { readonly [name: string]: SecretRef };
  /**
   * Further device nodes of the machines in every container, at the same path, e.g. `/dev/fuse`.
   *
   * @default - only those of accelerators and fabric
   */
  readonly extraDevices?: readonly string[];
  /**
   * Further folders or files of the machines in every container, e.g. of a profiler.
   *
   * @default - only storage, and what accelerators need
   */
  readonly extraMounts?: readonly ExtraMount[];
  /**
   * Further Linux capabilities of every container, with or without `CAP_`, e.g. `SYS_PTRACE`.
   *
   * @default - only those that accelerators and fabric need
   */
  readonly extraCapabilities?: readonly string[];
  /** @default IpcMode.PRIVATE */
  readonly ipc?: IpcMode;
  /**
   * Whether the file system of the image is read-only in the nodes' containers. What engines compile and Ray keeps goes into volumes at
   * `/root`, `/run`, `/tmp`, `/var/log/ray-cluster` and `/var/tmp`, which end with the container. An engine that writes elsewhere fails.
   * On EC2 and machines that boot with cloud-init; the Docker provider, which starts the containers elsewhere, copies files into the root.
   *
   * @default false
   */
  readonly readOnlyRoot?: boolean;
  /**
   * Names of further variables that take the node's address on the cluster network.
   *
   * @default - those of the catalogue that apply
   */
  readonly addressVariables?: readonly string[];
  /**
   * Names of further variables that take the name of the interface with that address.
   *
   * @default - those of the catalogue that apply
   */
  readonly interfaceVariables?: readonly string[];
  /**
   * Names of variables with the node's address or interface that the plan derives and that must not be set, e.g.
   * `HCCL_IF_IP` for NPUs that are connected cable to cable.
   *
   * @default - none
   */
  readonly withdrawnVariables?: readonly string[];
  /**
   * HCCL's rank table for Ascend nodes: from the device addresses of the inventory, else gathered at boot.
   *
   * @default - RankTableKind.SERVERS where the engine's version reads one (LMDeploy before 0.15), else NONE
   */
  readonly rankTable?: RankTableKind;
  /**
   * Checks of accelerators and their network whose failures only warn: names of `lib/catalog/preflight-checks.json`,
   * e.g. `neighbour` where the switches do not speak LLDP.
   *
   * @default - none
   */
  readonly toleratedChecks?: readonly string[];
  /**
   * Warnings that are accepted, by rule, with the reason, e.g. `{ RC111: "measured at 30 requests" }`: they are no longer
   * reported at synth, and the review shows them with the reason.
   *
   * @default - none
   */
  readonly acknowledge?: { readonly [rule: string]: string };
  /**
   * Rules of your own, which judge the plan once those of the library find no error. Their ids do not begin with `RC`.
   *
   * @default - none
   */
  readonly rules?: readonly IClusterRule[];
  /**
   * Ports of Ray and of the node program.
   *
   * @default - see each port
   */
  readonly ports?: RayPorts;
  /**
   * How long a worker waits for the head's port and token, in seconds.
   *
   * @default 120
   */
  readonly headTimeoutSeconds?: number;
  /**
   * How long the head waits for all planned nodes, in seconds.
   *
   * @default 180
   */
  readonly membershipTimeoutSeconds?: number;
  /**
   * How long the membership must stay whole before the engine starts, in seconds.
   *
   * @default 3
   */
  readonly membershipHoldSeconds?: number;
  /**
   * How long the model may take to be on all nodes, in seconds.
   *
   * @default - its bytes at 50 MB/s, at least 600; 3600 for a model of unknown size; 60 for one that is in place
   */
  readonly stagingTimeoutSeconds?: number;
  /**
   * How long the engine may take from its start until its health probe answers, in seconds.
   *
   * @default - 1800, plus the bytes of a known model at 500 MB/s; 300 with emulated accelerators
   */
  readonly engineTimeoutSeconds?: number;
  /**
   * How long one completion may take, in seconds.
   *
   * @default 60
   */
  readonly completionTimeoutSeconds?: number;
  /**
   * How long a node may take to stop, in seconds.
   *
   * @default 20
   */
  readonly stopTimeoutSeconds?: number;
  /**
   * How long a deployment waits for the cluster to serve, in seconds.
   *
   * @default - the sum of head, membership, hold, staging, engine and completion
   */
  readonly servingTimeoutSeconds?: number;
  /**
   * Engine starts that may fail in a row before the cluster counts as failed.
   *
   * @default 3
   */
  readonly engineStartAttempts?: number;
}

/** Declaration of a cluster. */
export interface ClusterProps extends ClusterOptions {
  /** Lower-case letters, digits and dashes, at most 32. Part of the name of everything that is created. */
  readonly name: string;
}
