import type { ModelSourceKind } from "../../topology/values/model-source";
import type { EngineKind, EngineRequirements, EngineText, ProofRequest } from "../../topology/engine-spec";
import type { RankTablePlan } from "../../topology/plan/plan";

/**
 * `workload.json`: what the formed cluster runs, and which nodes take part. It is the same text for every node, and holds
 * no secret: a token is only named by the path of its file. `test/fixtures/workload.json` is read by the tests of both
 * sides. Every key is always there; what a cluster does not have is `null` or empty.
 */
export interface Workload {
  readonly schema: 1;
  readonly cluster: string;
  /** The nodes that take part, in the plan's order; the first node of the first pool is the head. */
  readonly pools: readonly WorkloadPool[];
  readonly engine: WorkloadEngine;
  readonly environment: {
    /** Only for the engine's processes. What must be set before Ray starts is in `node.json`. */
    readonly driver: { readonly [name: string]: string };
  };
  /** How the models get to the nodes; `null`: the cluster brings none. */
  readonly staging: WorkloadStaging | null;
  /** What is judged before the engine starts, besides the hardware that `node.json` names. */
  readonly preflight: {
    /** Checks whose failures only warn. */
    readonly tolerated: readonly string[];
    /** Addresses of each node's devices (Ascend), by the node's address; of nodes whose inventory states them. */
    readonly deviceIps: { readonly [address: string]: readonly string[] };
    readonly rankTable: RankTablePlan | null;
    /** Of each accelerator's memory, what the engine takes when it starts. */
    readonly memoryShare: number;
  };
  /** Seconds. */
  readonly deadlines: {
    /** The membership must stay whole this long before the engine starts. */
    readonly hold: number;
    /** Engine start until its health probe answers. */
    readonly engine: number;
    /** One completion. */
    readonly completion: number;
    /** From the delivery of the workload until it serves. */
    readonly serving: number;
  };
  readonly retries: {
    /** Engine starts that may fail in a row before the workload has failed. */
    readonly engineStarts: number;
  };
}

export interface WorkloadPool {
  readonly name: string;
  readonly nodes: number;
  /** Accelerators that each node gives to the cluster. */
  readonly accelerators: number;
  /** Ray resource that counts them; `null`: the pool has no accelerators. */
  readonly resource: string | null;
  /** Planned addresses in node order; `null`: the place assigns them. */
  readonly addresses: readonly string[] | null;
  /** Names of the nodes at these addresses; `null`: the place assigns addresses, and nodes name themselves by them. */
  readonly nodeNames: readonly string[] | null;
}

export interface WorkloadEngine {
  readonly name: string;
  readonly kind: EngineKind;
  /** The command; empty: nothing runs. */
  readonly argv: readonly string[];
  /** `null`: the engine has no API. */
  readonly api: WorkloadApi | null;
  /** Files of the variables that only the engine's own processes get, on the head and on followers' nodes, by the variable. */
  readonly secrets: { readonly [variable: string]: string };
  /** The processes on the other nodes; `null`: the engine reaches them through Ray. */
  readonly follower: { readonly argv: readonly string[]; readonly rankFlag: string } | null;
  /** Node-scoped variables that the engine's process must not see. */
  readonly withheld: readonly string[];
  /** Files that the head writes before each start. */
  readonly texts: readonly EngineText[];
  readonly workingDirectory: string | null;
  /** What the image must contain. */
  readonly requires: EngineRequirements;
}

export interface WorkloadApi {
  readonly port: number;
  readonly healthPath: string;
  readonly servedModel: string;
  /** Questions that prove that the engine serves; the next one is asked where the engine refuses the one before. */
  readonly proof: readonly (Omit<ProofRequest, "expect"> & {
    readonly expect: ProofRequest["expect"] | null;
  })[];
  /** `null`: HTTP. */
  readonly tls: { readonly authority: string | null; readonly serverName: string | null } | null;
  /** `null`: no key is asked for. */
  readonly apiKeyFile: string | null;
  /** Servers that the answer at `healthPath` must list; `null`: its status counts. */
  readonly servers: number | null;
}

export interface WorkloadStaging {
  /** In the order in which they are fetched; the engine takes the tokenizer from the first. */
  readonly models: readonly WorkloadModel[];
  readonly parallelFiles: number;
  /** For all models together. */
  readonly deadlineSeconds: number;
}

export interface WorkloadModel {
  /** `model`, or what it is to the engine, e.g. `draft-model`. */
  readonly name: string;
  readonly source: WorkloadSource;
  /** Folder in the containers, of this model alone. */
  readonly destination: string;
  readonly placement: "shared" | "replicated";
}

/** `path`: the folder is there; `index`: files by presigned URLs; else a repository of a hub. */
export type WorkloadSource =
  | { readonly kind: "path" }
  | { readonly kind: "index"; readonly name: string; readonly index: string }
  | {
      readonly kind: Exclude<ModelSourceKind, "path" | "index">;
      readonly repository: string;
      readonly revision: string;
      readonly endpoint: string;
      /** Where the head's container is handed it, and takes it away (`source_secret.py`); `null`: no token. */
      readonly tokenFile: string | null;
      readonly include: readonly string[];
      readonly exclude: readonly string[];
    };
