import type { Parallelism } from "./model/parallelism";

/**
 * What runs on the cluster, as data. An engine (`lib/engines`) binds to the shape of a cluster and
 * answers with this; the planner, the node program and the review read nothing else of an engine.
 */
export interface EngineSpec {
  /** Name as a person says it, e.g. `emulated`. */
  readonly name: string;
  /** The command, run on the head when the membership is whole. Never a shell line. */
  readonly argv: readonly string[];
  /** TCP port of the engine's HTTP API, on the head. */
  readonly port: number;
  /** Answers 200 when the engine is up. Necessary, never sufficient: only a completion proves serving. */
  readonly healthPath: string;
  /** The name under which the API serves the model. */
  readonly servedModel: string;
  /** The request whose answer proves that the cluster serves. */
  readonly completion: CompletionCheck;
  /** Driver-scoped environment: set for the engine process on the head only. */
  readonly environment: { readonly [name: string]: string };
  /** Programs and data that the image does not hold and the engine needs. */
  readonly files: readonly RuntimeFile[];
  /** Further port ranges that the engine opens, besides `port`. */
  readonly ports: readonly EnginePort[];
  /** Ray that the engine runs on. */
  readonly rayVersions: RayVersionRange;
  /**
   * What the engine is: a server that answers requests, a job whose exit status is the outcome, or nothing
   * at all. Without a server `port` is 0, and `healthPath`, `servedModel` and `completion` mean nothing.
   *
   * @default 'serve'
   */
  readonly kind?: EngineKind;
  /**
   * The processes on the other nodes, where the engine starts one on each by itself.
   *
   * @default - the engine runs on the head only and reaches the other nodes through Ray
   */
  readonly follower?: EngineFollower;
  /**
   * How the engine cuts its model over the accelerators.
   *
   * @default - unknown
   */
  readonly parallelism?: Parallelism;
  /**
   * What the engine was asked to hold in the accelerators' memory, besides the model.
   *
   * @default - unknown: the model's own longest sequence, once
   */
  readonly sizing?: EngineSizing;
  /**
   * Variables that the engine needs on every node before Ray starts. The user's `environment` goes before them.
   *
   * @default - none
   */
  readonly clusterEnvironment?: { readonly [name: string]: string };
  /**
   * Variables of each node with accelerators, by its rank (0 is the head).
   *
   * @default - none
   */
  readonly nodeEnvironment?: readonly { readonly [name: string]: string }[];
  /**
   * Node-scoped variables that the engine's process must not see: it would hand the head's values to its
   * workers on the other nodes. The workers inherit their own node's values from Ray.
   *
   * @default - none
   */
  readonly withheld?: readonly string[];
  /**
   * Files whose text follows from the cluster, needed on the head.
   *
   * @default - none
   */
  readonly texts?: readonly EngineText[];
  /**
   * Folder in the container in which the engine starts.
   *
   * @default - where the node program runs
   */
  readonly workingDirectory?: string;
  /**
   * What the image must hold for this engine.
   *
   * @default - unknown
   */
  readonly requires?: EngineRequirements;
  /**
   * Whether this version reads HCCL's rank table where its ranks are on several Ascend nodes.
   *
   * @default false
   */
  readonly readsRankTable?: boolean;
  /**
   * What is wrong or risky about the engine on this cluster.
   *
   * @default - nothing
   */
  readonly findings?: readonly EngineFinding[];
}

/** `serve`: has an HTTP API. `job`: runs to its end. `none`: nothing runs. */
export type EngineKind = "serve" | "job" | "none";

/** What decides whether a model fits, and under which name the engine takes it. */
export interface EngineSizing {
  /**
   * Longest sequence, prompt and answer together, in tokens.
   *
   * @default - the model's own
   */
  readonly contextTokens?: number;
  /**
   * Sequences of that length that the cache must hold at the same time.
   *
   * @default 1
   */
  readonly concurrentSequences?: number;
  /**
   * Share of an accelerator's memory that the engine may fill, more than 0 and at most 1.
   *
   * @default 0.9
   */
  readonly memoryUtilization?: number;
  /** The engine's property for the longest sequence, e.g. `maxModelLen`. */
  readonly contextProperty: string;
  /** The engine's property for the share of memory, e.g. `gpuMemoryUtilization`. */
  readonly memoryProperty: string;
}

/** Whether the engine is a server that answers requests. */
export function hasApi(engine: EngineSpec): boolean {
  return engine.kind === undefined || engine.kind === "serve";
}

/** A process of the engine on each node but the head, with the same driver-scoped environment. */
export interface EngineFollower {
  /** The command, without its rank. Never a shell line. */
  readonly argv: readonly string[];
  /** Flag after which the node's rank is appended: 1 for the first node after the head, in the order of the plan. */
  readonly rankFlag: string;
}

/** A file whose text follows from the cluster. */
export interface EngineText {
  /** Absolute path in the container. */
  readonly path: string;
  readonly text: string;
}

/** What an image must hold. */
export interface EngineRequirements {
  /** Found in `PATH`. */
  readonly programs: readonly string[];
  /** Importable by `python3`. */
  readonly pythonModules: readonly string[];
  /** Absolute paths of files. */
  readonly paths: readonly string[];
}

/** Something that an engine knows to be wrong with what was asked of it. */
export interface EngineFinding {
  readonly level: "error" | "warning";
  /** Path of the property, e.g. `engine.modelPath`. */
  readonly path: string;
  readonly got: string;
  readonly allowed: string;
  readonly fix: string;
  /**
   * Where to read more.
   *
   * @default - nowhere
   */
  readonly links?: readonly string[];
}

/** Oldest and newest Ray, both inclusive; `undefined`: no bound known. */
export interface RayVersionRange {
  readonly minimum?: string;
  readonly maximum?: string;
}

/** A request to the engine's public API and what its answer must hold. */
export interface CompletionCheck {
  readonly path: string;
  /** JSON body of the POST. */
  readonly body: { readonly [key: string]: unknown };
  /** Text that the answer's message must contain, e.g. `16 of 16 ranks`; `undefined`: any non-empty text. */
  readonly mustContain?: string;
}

/** A constant file of ours that must lie in the container. */
export interface RuntimeFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Absolute path of the file in this package. */
  readonly source: string;
}

export interface EnginePort {
  readonly name: string;
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** `head`: only the head listens; `node`: every node does. */
  readonly where: "head" | "node";
}

/** What an engine may know of the cluster when it binds to it. */
export interface EngineContext {
  readonly clusterName: string;
  /** Accelerators of all pools together. */
  readonly accelerators: number;
  /** Nodes that have accelerators. */
  readonly acceleratorNodes: number;
  readonly acceleratorsPerNode: number;
  /** Ray resource that counts the accelerators: `GPU`, `NPU`, `neuron_cores`. */
  readonly rayResource: string;
  /**
   * IPv4 address of the head on the cluster network.
   *
   * @default - not decided yet; an engine that must name it says so
   */
  readonly headAddress?: string;
  /**
   * Port of Ray's control store on the head.
   *
   * @default - the one of the catalogue
   */
  readonly gcsPort?: number;
  /**
   * Key of the accelerators in the catalogue.
   *
   * @default - unknown
   */
  readonly acceleratorId?: string;
  /**
   * Names of variables that the declaration sets to each node's own address or interface.
   *
   * @default - none but those of the catalogue
   */
  readonly nodeVariables?: readonly string[];
  /**
   * The image of the nodes.
   *
   * @default - not known; nothing is said about it
   */
  readonly image?: EngineImage;
  /**
   * Key of the fabric.
   *
   * @default - not known
   */
  readonly fabric?: string;
  /**
   * Whether every node gets a rank table, as the declaration says.
   *
   * @default - where the engine's version reads one
   */
  readonly rankTable?: boolean;
  /**
   * Folder of the model in the container, where the cluster brings the model there.
   *
   * @default - the engine names a folder itself
   */
  readonly modelPath?: string;
  /** Name of the model on its hub, `owner/name`. @default - not known */
  readonly modelName?: string;
}

/** The image as an engine sees it. */
export interface EngineImage {
  /** Reference of the published image, also where packages are added to it. */
  readonly reference: string;
  /** Ray that the nodes will find in it. */
  readonly rayVersion: string;
  /**
   * Python that it is said to hold.
   *
   * @default - not said
   */
  readonly pythonVersion?: string;
  /**
   * Names of Python packages that are added to the published image.
   *
   * @default - none
   */
  readonly addedPackages?: readonly string[];
}

/** An engine: a value object that says what to run once the shape of the cluster is known. */
export interface IEngine {
  readonly engineName: string;
  bind(context: EngineContext): EngineSpec;
}
