import type { FoundValue } from "../../catalog/environment";
import type { ListensOn } from "../../catalog/ports";
import type { MountFact, UlimitFact } from "../../catalog/facts";
import type { Problem } from "../../problems/problem";
import type { DerivedImagePlan } from "../declaration/derived-image";
import type { ModelSourceKind } from "../values/model-source";
import type { MemoryFit } from "../model/memory-fit";
import type { SecretRef } from "../values/secret-ref";
import type { IStorage } from "../declaration/storage";
import type { EngineSecret, EngineSpec } from "../engine-spec";

/**
 * The decided cluster: plain data, printable, complete at synth. Everything that runs on a node is
 * derived from this and from nothing else.
 */
export interface ClusterPlan {
  /** Id of the cluster's construct. */
  readonly name: string;
  /** Name of the fabric: `efa`, `infiniband`, `roce`, `tcp`. */
  readonly fabric: string;
  /** IPv4 CIDR of the cluster network. */
  readonly subnetCidr: string;
  /** As declared, the head's first. */
  readonly pools: readonly PoolPlan[];
  /** Head first, then pool by pool. */
  readonly nodes: readonly NodePlan[];
  /** Image of every container. */
  readonly image: ImagePlan;
  /** How Ray is started. */
  readonly ray: RayPlan;
  /** Whether Ray and the node program speak TLS between the nodes. */
  readonly internodeTls: boolean;
  /** Every port that the cluster opens. */
  readonly ports: readonly PortPlan[];
  /** What closes them to all but the cluster and its users. @default - nothing that is declared */
  readonly closedBy?: string;
  /** Variables, by who gets them. */
  readonly environment: EnvironmentPlan;
  /** What runs on the cluster. */
  readonly engine: EngineSpec;
  /** What every container gets of its host. */
  readonly container: ContainerNeeds;
  /** Memory that the model needs. @default - the model, its cut or the accelerators' memory is not known */
  readonly memory?: MemoryPlan;
  /** HCCL's file of all devices. @default - no node has one */
  readonly rankTable?: RankTablePlan;
  /** Checks of accelerators and their network whose failures only warn. */
  readonly toleratedChecks: readonly string[];
  /** Folders of the machines that every container has. */
  readonly storage: readonly IStorage[];
  /** How the model gets to the nodes. @default - the cluster brings no model */
  readonly staging?: StagingPlan;
  /** Of the model's source, of the engine, and by name. `secretsOn` says which of them a node has. */
  readonly secrets: readonly EngineSecret[];
  /** How long each step may take. */
  readonly deadlines: Deadlines;
  /** How often a step may fail. */
  readonly retries: Retries;
  /** Problems of level `warning`: legal, but slow or risky. */
  readonly warnings: readonly Problem[];
}

/** The model on the accelerators of this cluster. */
export interface MemoryPlan {
  /** Longest sequence, prompt and answer together. */
  readonly contextTokens: number;
  /** Whether the engine takes the longest that fits, of which this is what is expected. */
  readonly contextFits: boolean;
  /** Memory of one accelerator. */
  readonly acceleratorMemoryGiB: number;
  /** Whether it fits, stage by stage. */
  readonly fit: MemoryFit;
}

/** Nodes of one kind. */
export interface PoolPlan {
  /** As declared, unique in the cluster. */
  readonly name: string;
  /** How many there are. */
  readonly nodes: number;
  /** Type of the machines, for a place that makes them. @default - not stated */
  readonly machineType?: string;
  /** Key of the accelerator's row in the catalogue; `none` for a pool without accelerators. */
  readonly accelerator: string;
  /** Accelerators that each of them offers to Ray; 0: none. */
  readonly acceleratorsPerNode: number;
  /** Ray resource that counts the accelerators; `undefined` for a pool without accelerators. */
  readonly rayResource?: string;
  /** Planned addresses in node order; `undefined` where the place assigns them (an Auto Scaling group). */
  readonly addresses?: readonly string[];
}

/** A container on one machine, which is one node of Ray. */
export interface NodePlan {
  /** `<pool>-<index>`, or the name of a machine that exists already; unique in the cluster. */
  readonly name: string;
  /** Name of its pool. */
  readonly pool: string;
  /** Index in the pool, from 0. */
  readonly index: number;
  /** `head`: it runs Ray's control store and the engine's driver. */
  readonly role: "head" | "worker";
  /** IPv4 address on the cluster network; `undefined` where the place assigns it. */
  readonly address?: string;
  /** Accelerators that it offers to Ray. */
  readonly acceleratorCount: number;
  /** Numbers of the machine's device nodes that the node has, ascending; `undefined`: the first ones. */
  readonly devices?: readonly number[];
  /**
   * Addresses of the devices on their own network (Ascend), in their order.
   *
   * @default - not stated; found on the node where they are needed
   */
  readonly deviceIps?: readonly string[];
  /** Variables of this node alone, set before Ray starts. @default - none */
  readonly environment?: { readonly [name: string]: string };
}

/** A rank table, made by the head at boot and put at the same path in every container. */
export interface RankTablePlan {
  /** Absolute path in the containers. */
  readonly path: string;
  /** Version of its format; `1.2` has super pods. */
  readonly version: "1.0" | "1.2";
  /** Where HCCL listens on every device. */
  readonly devicePort: number;
}

/** The image of the cluster's containers. */
export interface ImagePlan {
  /** `repository:tag` or `repository@sha256:...`. */
  readonly reference: string;
  /** Digest, only where one was given. */
  readonly digest?: string;
  /** Declared Python version of the image; `undefined`: not declared. */
  readonly pythonVersion?: string;
  /** Shell files of the image that each node reads when it starts, in this order. */
  readonly shellFiles: readonly string[];
  /** How each machine builds the image. @default - it is pulled */
  readonly derived?: DerivedImagePlan;
}

/** Ray of the cluster. */
export interface RayPlan {
  /** Declared Ray version of the image; the node program compares it with what it finds. */
  readonly version: string;
  /** `token` from Ray 2.52 on, else `none`. */
  readonly authentication: "token" | "none";
  /** Why it may have none, as declared. @default - it has one */
  readonly unauthenticatedBecause?: string;
  /** CPUs that each node offers to Ray; `undefined`: what Ray detects. */
  readonly cpusPerNode?: number;
  /** Object store per node; `undefined`: Ray's default (30 % of memory). */
  readonly objectStoreMiB?: number;
}

/** A range of ports that the cluster opens. */
export interface PortPlan {
  /** Stable key, e.g. `gcs`, `node-manager`, `workers`, `node-report`, `engine`, `hccl-host`. */
  readonly name: string;
  /** First port. */
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** `head`: only the head listens; `node`: every node does. */
  readonly where: "head" | "node";
  /** Who may reach it: the nodes of the cluster, or also the user (the engine's API). */
  readonly reachableBy: "cluster" | "user";
  /** Addresses that it listens on. @default - not known: take it for all */
  readonly listensOn?: ListensOn;
  /** Whether it speaks TLS between the nodes. @default false */
  readonly hasTls?: boolean;
  /** Whether single ports of the range are picked when they are needed, and another where one is in use. @default false */
  readonly isPicked?: boolean;
  /** What it is for, as one phrase of the review. */
  readonly purpose: string;
}

/** Environment variables that the cluster sets, by scope. */
export interface EnvironmentPlan {
  /** The same value on every node. */
  readonly cluster: { readonly [name: string]: string };
  /** Differs from node to node: a value found on the node. */
  readonly node: { readonly [name: string]: FoundValue };
  /** Only for the engine process on the head. */
  readonly driver: { readonly [name: string]: string };
}

/** What every container gets besides what the plan derives. */
export interface ContainerExtras {
  /** Device nodes of the host, absolute paths. */
  readonly devices: readonly string[];
  /** Folders and files of the host. */
  readonly mounts: readonly MountFact[];
  /** With the `CAP_` prefix. */
  readonly capabilities: readonly string[];
  /** Whether shared memory and semaphores are the machine's. */
  readonly isHostIpc: boolean;
  /** Whether the file system of the image cannot be written. */
  readonly isRootReadOnly: boolean;
}

/** What a container of this cluster needs of its host, from accelerator and fabric. */
export interface ContainerNeeds {
  /** `host`: the container has the machine's interfaces; `bridge`: its own. */
  readonly networkMode: "host" | "bridge";
  /** Size of `/dev/shm`. */
  readonly sharedMemoryMiB: number;
  /** With the `CAP_` prefix. */
  readonly capabilities: readonly string[];
  /** Resource limits of its processes. */
  readonly ulimits: readonly UlimitFact[];
  /** Folders and files of the host that accelerator and fabric need. */
  readonly mounts: readonly MountFact[];
  /** Docker runtime (`nvidia`, `ascend`); `undefined`: the daemon's default. */
  readonly runtime?: string;
  /** As declared. */
  readonly extras: ContainerExtras;
}

/** One download for the whole cluster; engines start offline on the folders. */
export interface StagingPlan {
  /** The cluster's model, then those that the engine reads besides, in the order in which they are fetched. */
  readonly models: readonly StagedModel[];
  /** Files that are fetched at the same time. */
  readonly parallelFiles: number;
  /** For all models together. */
  readonly deadlineSeconds: number;
}

/** A model that is brought to the nodes. */
export interface StagedModel {
  /** `model`, or what it is to the engine, e.g. `draft-model`. */
  readonly name: string;
  /** Where it is fetched from. */
  readonly source: StagingSource;
  /** Folder in the containers, of this model alone. */
  readonly destination: string;
  /** `shared`: all nodes see one copy; `replicated`: the head fetches it, and the nodes copy it from each other. */
  readonly placement: "shared" | "replicated";
  /** @default - not known */
  readonly modelName?: string;
  /** Bytes of the weight files. @default - not known before the source is asked */
  readonly modelBytes?: number;
  /** Credentials of the source. @default - none are needed */
  readonly secret?: SecretRef;
}

/** Where the files of a model are fetched from. */
export interface StagingSource {
  /** What `location` is. */
  readonly kind: ModelSourceKind;
  /** Repository, URI or folder. */
  readonly location: string;
  /** @default - only a repository has one */
  readonly revision?: string;
  /** @default - only a repository has one */
  readonly endpoint?: string;
  /** Shell patterns of the files that are fetched; empty: all. */
  readonly include: readonly string[];
  /** Shell patterns of the files that are not. */
  readonly exclude: readonly string[];
}

/** Seconds. Every wait of the node program has one of these. */
export interface Deadlines {
  /** Worker: the head's port and token appear. */
  readonly headSeconds: number;
  /** Head: every planned node is a member. */
  readonly membershipSeconds: number;
  /** The membership must stay whole this long before the engine starts. */
  readonly holdSeconds: number;
  /** The model is on all nodes; 0: the cluster has none. */
  readonly stagingSeconds: number;
  /** Engine start until its health probe answers. */
  readonly engineSeconds: number;
  /** One completion. */
  readonly completionSeconds: number;
  /** SIGTERM until everything has stopped. */
  readonly stopSeconds: number;
  /** From the first start until `serving`: what a deployment waits at most. */
  readonly servingSeconds: number;
}

/** Bounds of what is tried again. */
export interface Retries {
  /** Engine starts that may fail in a row before the head's state is `failed`. */
  readonly engineStarts: number;
}
