import type { Problem } from "../problems/problem";
import type { ModelSource } from "./values/model-source";
import type { ProofKind } from "./values/proof";
import type { SecretRef } from "./values/secret-ref";
import type { EngineSizing } from "./engine-sizing";
import type { Model } from "./model/model";
import type { Parallelism } from "./model/parallelism";

/**
 * What runs on the cluster, as data. An engine (`lib/engines`) binds to the shape of a cluster and
 * answers with this; the planner, the node program and the review read nothing else of an engine.
 */
export interface EngineSpec {
  /** Name as shown to people, e.g. `emulated`. */
  readonly name: string;
  /**
   * Version of the engine in the image.
   *
   * @default - not known
   */
  readonly version?: string;
  /** The command, run on the head when the membership is whole; empty: nothing runs. Never a shell line. */
  readonly argv: readonly string[];
  /** The HTTP API of a server. @default - the engine is a job whose exit status is the outcome, or nothing at all */
  readonly api?: EngineApi;
  /** Driver-scoped environment: set for the engine process on the head only. */
  readonly environment: { readonly [name: string]: string };
  /** Programs and data that the engine needs besides the image. */
  readonly files: readonly RuntimeFile[];
  /** Further port ranges that the engine opens, besides its API. */
  readonly ports: readonly EnginePort[];
  /** Ray that the engine runs on. */
  readonly rayVersions: RayVersionRange;
  /**
   * The processes on the other nodes, where the engine starts one on each by itself.
   *
   * @default - the engine runs on the head only and reaches the other nodes through Ray
   */
  readonly follower?: EngineFollower;
  /** How the engine distributes its model over the accelerators. @default - unknown */
  readonly parallelism?: Parallelism;
  /**
   * What must fit into the accelerators' memory besides the model.
   *
   * @default - unknown: one sequence of the model's maximum length
   */
  readonly sizing?: EngineSizing;
  /**
   * Variables that the engine needs on every node before Ray starts. The user's `environment` overrides them.
   *
   * @default - none
   */
  readonly clusterEnvironment?: { readonly [name: string]: string };
  /** Variables of each node with accelerators, by its rank (0 is the head). @default - none */
  readonly nodeEnvironment?: readonly { readonly [name: string]: string }[];
  /**
   * Node-scoped variables that the engine's process must not see: it would pass the head's values to its
   * workers on the other nodes. The workers inherit their own node's values from Ray.
   *
   * @default - none
   */
  readonly withheld?: readonly string[];
  /** Secrets of the engine's own, as files of the head's container, which has the API. @default - none */
  readonly secrets?: readonly EngineSecret[];
  /** Files generated from the cluster, needed on the head. @default - none */
  readonly texts?: readonly EngineText[];
  /** Folder in the container in which the engine starts. @default - where the node program runs */
  readonly workingDirectory?: string;
  /** What the image must contain for this engine. @default - unknown */
  readonly requires?: EngineRequirements;
  /** Whether a rank runs on the head, wherever the others are. @default - where it has a process or variables for every node */
  readonly hasRankOnHead?: boolean;
  /** Whether this version reads HCCL's rank table where its ranks are on several Ascend nodes. @default false */
  readonly readsRankTable?: boolean;
  /**
   * The engine's properties as they were declared, without defaults: what a plan of a changed declaration shows. Never a
   * secret.
   *
   * @default - none are shown
   */
  readonly declared?: { readonly [property: string]: unknown };
  /** What is wrong or risky about the engine on this cluster. @default - nothing */
  readonly problems?: readonly Problem[];
}

/** The HTTP API of an engine, on the head. */
export interface EngineApi {
  /** TCP port on the head. */
  readonly port: number;
  /** Address that it listens on. @default - every interface */
  readonly listenAddress?: string;
  /** Answers 200 when the engine is up. Necessary, never sufficient: only an answer proves serving. */
  readonly healthPath: string;
  /**
   * Servers behind the API. They must all be listed before it is asked for an answer: `healthPath` answers a JSON object
   * with an entry for each that has registered.
   *
   * @default - the API is the server
   */
  readonly servers?: number;
  /** The name under which the API serves the model. */
  readonly servedModel: string;
  /**
   * The requests of which one answer proves that the cluster serves, in their order: one is sent where the engine has
   * refused those before it.
   */
  readonly proof: readonly ProofRequest[];
  /** How the server is known by TLS. @default - it speaks plain HTTP */
  readonly tls?: EngineTls;
  /** File in the head's container with one API key in each line. @default - the API asks for no key */
  readonly apiKeyFile?: string;
}

/** `serve`: has an HTTP API. `job`: runs to its end. `none`: nothing runs. */
export type EngineKind = "serve" | "job" | "none";

/** What an engine is, which follows from its API and its command. */
export function engineKind({ api, argv }: EngineSpec): EngineKind {
  return api ? "serve" : argv.length > 0 ? "job" : "none";
}

/** A process of the engine on each node but the head, with the same driver-scoped environment and secrets by variable. */
export interface EngineFollower {
  /** The command, without its rank. Never a shell line. */
  readonly argv: readonly string[];
  /** Flag after which the node's rank is appended: 1 for the first node after the head, in the order of the plan. */
  readonly rankFlag: string;
}

/** A file generated from the cluster. */
export interface EngineText {
  /** Absolute path in the container. */
  readonly path: string;
  /** Its content; no secret. */
  readonly text: string;
}

/** A secret, as a file of the head's container; one with a variable also of each container with a follower. */
export interface EngineSecret {
  /** Name of the file below `/run/secrets/ray-cluster`, e.g. `api-keys`. */
  readonly name: string;
  /** Where its value is. */
  readonly ref: SecretRef;
  /** Property that declares it, e.g. `engine.apiKeys`. */
  readonly path: string;
  /** Variable of the engine's processes, on the head and as followers, that gets its content. @default - the file is all there is */
  readonly variable?: string;
  /** Of a model's source: no container of a node keeps it, the head takes it into memory. @default false */
  readonly isOfSource?: boolean;
}

/** A model that an engine reads besides the cluster's. It is fetched with that one, into a folder of its own. */
export interface EngineModel {
  /** What it is to the engine, e.g. `draft-model`; also the name of the file with the secret of its source. */
  readonly name: string;
  /** Property that declares it, e.g. `engine.speculation.model`. */
  readonly path: string;
  /** Where its files come from. */
  readonly source: ModelSource;
}

/** What an image must contain. */
export interface EngineRequirements {
  /** Found in `PATH`. */
  readonly programs: readonly string[];
  /** Importable by `python3`. */
  readonly pythonModules: readonly string[];
  /** Absolute paths of files. */
  readonly paths: readonly string[];
}

/** Oldest and newest Ray, both inclusive; `undefined`: no bound known. */
export interface RayVersionRange {
  /** Oldest version, e.g. `2.40.0`. @default - no bound known */
  readonly minimum?: string;
  /** Newest version. @default - no bound known */
  readonly maximum?: string;
}

/** What the certificate of an engine's API is verified against. */
export interface EngineTls {
  /** PEM file in the head's container, which may be the certificate itself. @default - the authorities of the image */
  readonly authority?: string;
  /** Name that the certificate must hold. @default - it is not compared: the head asks itself, by its address */
  readonly serverName?: string;
}

/** A request to the engine's public API and what its answer must hold. */
export interface ProofRequest {
  /** What the answer is judged as. */
  readonly kind: ProofKind;
  /** Path below the API's base URL, e.g. `/v1/chat/completions`. */
  readonly path: string;
  /** JSON body of the POST. */
  readonly body: { readonly [key: string]: unknown };
  /** Text that the answer must contain, e.g. `16 of 16 ranks`; `undefined`: any answer of the kind. */
  readonly expect?: string;
}

/** A file of this package that is put into the container. */
export interface RuntimeFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Absolute path of the file in this package. */
  readonly source: string;
}

/** A range of ports that an engine opens. */
export interface EnginePort {
  /** Stable key, unique in the plan, e.g. `rendezvous`. */
  readonly name: string;
  /** First port. */
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** `head`: only the head listens; `node`: every node does. */
  readonly where: "head" | "node";
}

/** What an engine knows about the cluster when it binds to it. */
export interface EngineContext {
  /** Id of the cluster's construct. */
  readonly clusterName: string;
  /** Accelerators of all pools together. */
  readonly accelerators: number;
  /** Nodes that have accelerators. */
  readonly acceleratorNodes: number;
  /** Accelerators of each node that has some. */
  readonly acceleratorsPerNode: number;
  /** Ray resource that counts the accelerators: `GPU`, `NPU`, `neuron_cores`. */
  readonly rayResource: string;
  /**
   * IPv4 address of the head on the cluster network.
   *
   * @default - not decided yet; an engine that must name it says so
   */
  readonly headAddress?: string;
  /** Port of Ray's control store on the head. @default - the one of the catalogue */
  readonly gcsPort?: number;
  /** Key of the accelerators in the catalogue. @default - unknown */
  readonly acceleratorId?: string;
  /**
   * Names of variables that the declaration sets to each node's own address or interface.
   *
   * @default - none but those of the catalogue
   */
  readonly nodeVariables?: readonly string[];
  /** The image of the nodes. @default - not known, and not checked */
  readonly image?: EngineImage;
  /** Key of the fabric. @default - not known */
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
  /** Folder of the containers into which models are fetched. @default - the cluster has no storage */
  readonly storageFolder?: string;
  /** Name of the model on its hub, `owner/name`. @default - not known */
  readonly modelName?: string;
  /** Numbers of the model. @default - not known */
  readonly model?: Model;
}

/** The image as an engine sees it. */
export interface EngineImage {
  /** Reference of the published image, also where packages are added to it. */
  readonly reference: string;
  /** Ray version in it. */
  readonly rayVersion: string;
  /** Declared Python version in it. @default - not declared */
  readonly pythonVersion?: string;
  /** Names of Python packages that are added to the published image. @default - none */
  readonly addedPackages?: readonly string[];
  /** Requirements files of the sources in it, each named as in its repository. @default - it has no source */
  readonly requirements?: readonly string[];
}

/** An engine: a value object that decides what to run once the shape of the cluster is known. */
export interface IEngine {
  /** Name as shown to people, e.g. `vllm`. */
  readonly engineName: string;
  /** Secrets of its own, which a place looks at before the plan is made; the same as in its spec. @default - none */
  readonly secrets?: readonly EngineSecret[];
  /** Models that it reads besides the cluster's, with their secrets among `secrets`. @default - none */
  readonly models?: readonly EngineModel[];
  /** What runs on this cluster. It is asked once the shape of the cluster is known, and may be asked more than once. */
  bind(context: EngineContext): EngineSpec;
}
