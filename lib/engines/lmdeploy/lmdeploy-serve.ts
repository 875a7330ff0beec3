import { enginePortOf } from "../../catalog/engine-ports";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { engineSettingsFor } from "../../catalog/engine-settings";
import type { EngineContext, EngineFinding, EngineSpec, IEngine } from "../../topology/engine-spec";
import { option, repeatedFlags, toggle } from "../arguments";
import { chatCompletion } from "../chat-completion";
import { environmentFence } from "../releases/environment-fence";
import { LMDEPLOY_FLAGS } from "./lmdeploy-flags";
import { modelFolder, modelPathFindings, servedName } from "../local-model";
import { releaseFindings } from "../releases/release-findings";
import { readsRankTable } from "../releases/release-version-checks";

/** Element type of weights and activations. */
export enum LmdeployDtype {
  /** As the model's configuration says; float32 becomes float16. */
  AUTO = "auto",
  BFLOAT16 = "bfloat16",
  FLOAT16 = "float16",
}

/** What may be chosen of LMDeploy. */
export interface LmdeployServeProps {
  /**
   * Absolute path of the model's folder in the container, the same on every node.
   *
   * @default - where the cluster's `model` is brought
   */
  readonly modelPath?: string;
  /**
   * Name under which the API serves the model.
   *
   * @default - the last part of the model's path
   */
  readonly servedModelName?: string;
  /**
   * TCP port of the API, on the head.
   *
   * @default 23333
   */
  readonly port?: number;
  /**
   * Accelerators that share every layer.
   *
   * @default - all of the cluster
   */
  readonly tensorParallelSize?: number;
  /**
   * Run without captured graphs.
   *
   * @default - true on Ascend but on a 310P, which has nothing but graphs; false elsewhere
   */
  readonly eagerMode?: boolean;
  /**
   * Longest session in tokens.
   *
   * @default - the model's own
   */
  readonly sessionLength?: number;
  /**
   * Sequences of full length that the cache must hold at the same time. Checked at synth, not given to the engine.
   *
   * @default 1
   */
  readonly plannedSequences?: number;
  /**
   * Share of the memory left by the weights that the cache takes, more than 0 and less than 1.
   *
   * @default - LMDeploy's own, 0.8
   */
  readonly cacheMaxEntryCount?: number;
  /** @default - LMDeploy's own, LmdeployDtype.AUTO */
  readonly dtype?: LmdeployDtype;
  /**
   * TCP port on the head at which the ranks meet.
   *
   * @default 29500
   */
  readonly masterPort?: number;
  /**
   * Further arguments of `lmdeploy serve api_server`, one entry each. Everybody on the machine can read them.
   *
   * @default - none
   */
  readonly extraArguments?: readonly string[];
}

/** Has graphs only. */
const GRAPH_ONLY = "ascend-310p";
/** Runs only some models, and those eagerly. */
const EAGER_ONLY = "ascend-a3";

/**
 * LMDeploy's PyTorch engine as an OpenAI-compatible server: one server on the head, its ranks as Ray actors on
 * all accelerators, tensor parallelism over all nodes.
 */
export class LmdeployServe implements IEngine {
  public readonly engineName = "lmdeploy";
  private readonly props: LmdeployServeProps;

  constructor(props: LmdeployServeProps = {}) {
    this.props = { ...props, extraArguments: [...(props.extraArguments ?? [])] };
  }

  public bind(context: EngineContext): EngineSpec {
    const { props } = this;
    const ascend = context.rayResource === "NPU";
    const eager = props.eagerMode ?? (ascend && context.acceleratorId !== GRAPH_ONLY);
    const tensor = props.tensorParallelSize ?? context.accelerators;
    const modelPath = modelFolder(props.modelPath, context);
    const servedModel = servedName(modelPath, props.servedModelName ?? context.modelName);
    const port = props.port ?? enginePortOf("lmdeploy-api");
    const masterPort = props.masterPort ?? enginePortOf("lmdeploy-master");
    const acrossNodes = tensor > context.acceleratorsPerNode;
    const wanted = { engine: "lmdeploy", acrossNodes, ...(ascend ? { collective: "hccl" as const } : {}) };
    return {
      name: this.engineName,
      argv: [
        ...["lmdeploy", "serve", "api_server", modelPath],
        ...option("--model-name", servedModel),
        ...option("--backend", "pytorch"),
        ...option("--device", ascend ? "ascend" : undefined),
        ...toggle("--eager-mode", eager),
        ...option("--tp", tensor),
        ...option("--session-len", props.sessionLength),
        ...option("--cache-max-entry-count", props.cacheMaxEntryCount),
        ...option("--dtype", props.dtype),
        ...option("--server-name", "0.0.0.0"),
        ...option("--server-port", port),
        ...(props.extraArguments ?? []),
      ],
      port,
      healthPath: "/health",
      servedModel,
      completion: chatCompletion(servedModel),
      environment: {
        ...engineSettingsFor({ ...wanted, scope: "driver" }),
        ...(context.headAddress === undefined ? {} : { LMDEPLOY_DIST_MASTER_ADDR: context.headAddress }),
        LMDEPLOY_DIST_MASTER_PORT: String(masterPort),
      },
      files: [],
      ports: [{ name: "lmdeploy-master", from: masterPort, to: masterPort, where: "head" }],
      rayVersions: rayRangeOfEngine("lmdeploy"),
      kind: "serve",
      parallelism: { tensor, pipeline: 1, data: 1, expertParallel: false },
      sizing: {
        contextTokens: props.sessionLength,
        concurrentSequences: props.plannedSequences,
        contextProperty: "sessionLength",
        memoryProperty: "cacheMaxEntryCount",
      },
      clusterEnvironment: engineSettingsFor({ ...wanted, scope: "cluster" }),
      readsRankTable: ascend && readsRankTable("lmdeploy", context.image?.reference),
      withheld: environmentFence("lmdeploy", context).withheld,
      requires: {
        programs: ["lmdeploy"],
        pythonModules: ascend ? ["lmdeploy", "dlinfer"] : ["lmdeploy"],
        paths: [],
      },
      findings: [
        ...modelPathFindings(props.modelPath, context),
        ...repeatedFlags(props.extraArguments ?? [], LMDEPLOY_FLAGS),
        ...eagerFindings(eager, context),
        ...releaseFindings("lmdeploy", context),
      ],
    };
  }
}

/** InternLM/lmdeploy `docs/en/get_started/ascend/get_started.md`. */
function eagerFindings(eager: boolean, { acceleratorId }: EngineContext): readonly EngineFinding[] {
  const finding = (allowed: string): EngineFinding => ({
    level: "error",
    path: "engine.eagerMode",
    got: String(eager),
    allowed,
    fix: "leave it out",
  });
  if (acceleratorId === GRAPH_ONLY && eager) {
    return [finding("must be false: LMDeploy runs on a 310P with graphs only")];
  }
  return acceleratorId === EAGER_ONLY && !eager
    ? [finding("must be true: LMDeploy runs on A3 without graphs only")]
    : [];
}
