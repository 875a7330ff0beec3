import type { NodeValue, RankTablePlan } from "../../topology/plan/plan";

/**
 * `node.json`: everything the node program needs, as data. This is the contract between the planner
 * (TypeScript) and `ray_node` (Python); `test/fixtures/node.json` is read by the tests of both sides.
 * It holds no secret: a token is only ever named by the path of its file.
 */
export interface NodeConfig {
  readonly schema: 1;
  readonly cluster: string;
  readonly node: {
    /** `null`: one configuration serves a whole pool; the node calls itself `<pool>-<address>`. */
    readonly name: string | null;
    readonly pool: string;
    readonly role: "head" | "worker";
    /** `null`: the node takes its address on `subnet`. */
    readonly address: string | null;
    readonly accelerators: {
      readonly planned: number;
      /** Ray resource, `null` without accelerators. */
      readonly resource: string | null;
      /** Glob of the device nodes to count, `null`: nothing to count. */
      readonly deviceGlob: string | null;
      readonly visibleDevicesVariable: string | null;
    };
  };
  /** IPv4 CIDR of the cluster network. */
  readonly subnet: string;
  readonly head: { readonly name: string; readonly address: string };
  /** Who must be a member before the engine starts. The head is in its pool. */
  readonly pools: readonly {
    readonly name: string;
    readonly nodes: number;
    readonly accelerators: number;
    readonly resource: string | null;
    /** In node order; `null`: the place assigns them, members are counted by pool. */
    readonly addresses: readonly string[] | null;
  }[];
  readonly ray: {
    readonly version: string;
    /** First Ray release with token authentication. */
    readonly tokenSince: string;
    readonly authentication: "token" | "none";
    readonly cpus: number | null;
    readonly objectStoreBytes: number | null;
  };
  readonly ports: {
    readonly gcs: number;
    readonly nodeManager: number;
    readonly objectManager: number;
    readonly runtimeEnvAgent: number;
    readonly dashboardAgentGrpc: number;
    readonly dashboardAgentListen: number;
    readonly metricsExport: number;
    readonly dashboard: number;
    readonly workersFrom: number;
    readonly workersTo: number;
    /** The node program's own report channel on the head. */
    readonly nodeReport: number;
    /** Where each node gives files of the model to the others. */
    readonly nodeFiles: number;
  };
  readonly environment: {
    readonly cluster: { readonly [name: string]: string };
    /** What the node finds of itself: `ray_node/config/node_values.py`. */
    readonly node: { readonly [name: string]: NodeValue };
    /** This node's alone, set before Ray starts. */
    readonly own: { readonly [name: string]: string };
    readonly driver: { readonly [name: string]: string };
  };
  readonly engine: {
    readonly name: string;
    /** `serve`: answers requests; `job`: its exit status is the outcome; `none`: nothing runs. */
    readonly kind: "serve" | "job" | "none";
    /** Run on the head; empty for `none`. */
    readonly argv: readonly string[];
    /** `null` unless the engine serves. */
    readonly api: {
      readonly port: number;
      readonly healthPath: string;
      readonly servedModel: string;
      readonly completion: {
        readonly path: string;
        readonly body: { readonly [key: string]: unknown };
        readonly mustContain: string | null;
      };
    } | null;
    /** Run on every other node with accelerators, with its rank after `rankFlag`; `null`: no such process. */
    readonly follower: { readonly argv: readonly string[]; readonly rankFlag: string } | null;
    /** Variables that the engine's processes must not see. */
    readonly withheld: readonly string[];
    /** Files that the head writes before the engine starts; empty on workers. */
    readonly texts: readonly { readonly path: string; readonly text: string }[];
    /** `null`: where the node program runs. */
    readonly workingDirectory: string | null;
    /** What the image must hold: programs in PATH, modules that python3 finds, files. */
    readonly requires: {
      readonly programs: readonly string[];
      readonly pythonModules: readonly string[];
      readonly paths: readonly string[];
    };
  };
  /** Seconds. */
  readonly deadlines: {
    readonly head: number;
    readonly membership: number;
    readonly hold: number;
    readonly engine: number;
    readonly completion: number;
    readonly stop: number;
    readonly serving: number;
  };
  readonly retries: { readonly engineStarts: number };
  readonly paths: {
    /** `<state>/<node name>.json` is the node's state file; on the head a retry request lies here too. */
    readonly state: string;
    /** The Ray token, mode 0600; made by the head. */
    readonly token: string;
    /** Engine output, on the head. */
    readonly engineLog: string;
  };
  /** How the model comes to the nodes; `null`: there is none to bring. */
  readonly staging: StagingConfig | null;
  /** What is checked of the machines before an engine starts. */
  readonly preflight: PreflightConfig;
}

/** The same on every node. */
export interface PreflightConfig {
  readonly fabric: string;
  /** Collective library of the accelerators; `null`: there are none. */
  readonly collective: string | null;
  /** Ascend: `a2`, `a3`, `300i-duo`. */
  readonly board: string | null;
  /** `emulated`: there is no tool to ask. */
  readonly devices: "real" | "emulated";
  readonly image: {
    /** `sha256:...`; `null`: not given, the nodes are only compared. */
    readonly digest: string | null;
    /** File with the digest of the image that the container was made from, where the place writes one. */
    readonly foundIn: string;
  };
  /** By node address: addresses of its devices as the inventory states them. */
  readonly deviceIps: { readonly [address: string]: readonly string[] };
  /** Checks whose failures only warn. */
  readonly tolerated: readonly string[];
  /** What the head makes the rank table with; `null`: there is none. */
  readonly rankTable: RankTablePlan | null;
}

/** The model's way, the same on every node but for the secret, which only the head has. */
export interface StagingConfig {
  readonly source: StagingSourceConfig;
  /** Folder of this model alone. */
  readonly destination: string;
  /** `shared`: all nodes see one copy; `replicated`: the head fetches, the nodes take it from one another. */
  readonly placement: "shared" | "replicated";
  readonly parallelFiles: number;
  readonly deadlineSeconds: number;
}

/** `huggingFace`, `modelScope`: a hub; `index`: addresses in a file; `path`: the folder holds the model already. */
export type StagingSourceConfig =
  | {
      readonly kind: "huggingFace" | "modelScope";
      readonly repository: string;
      readonly revision: string;
      readonly endpoint: string;
      readonly tokenFile: string | null;
      readonly include: readonly string[];
      readonly exclude: readonly string[];
    }
  | { readonly kind: "index"; readonly name: string; readonly index: string }
  | { readonly kind: "path" };
