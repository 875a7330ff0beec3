import { flagsOfEngine } from "../../catalog/engine-flags";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { enginePortOf, engineSettingsFor } from "../../catalog/engines";
import { judge } from "../../problems/rule";
import type { Proof } from "../../topology/values/proof";
import type { SecretRef } from "../../topology/values/secret-ref";
import type { EngineSizing } from "../../topology/engine-sizing";
import type { EngineContext, EngineSecret, EngineSpec, IEngine } from "../../topology/engine-spec";
import { option, toggle } from "../arguments";
import { EXTRA_ARGUMENTS_TOPIC } from "../extra-arguments";
import { givenFlags } from "../given-flags";
import { modelFolder, modelFolderProblems, servedName } from "../model-folder";
import { engineVersion } from "../releases/engine-version";
import { environmentFence } from "../releases/environment-fence";
import { listenAddress, LISTENING_TOPIC } from "../listen-address";
import { imageProblems } from "../releases/image-rules";
import {
  protectedApi,
  protectionFiles,
  protectionSecrets,
  type ServerTls,
  TLS_FILES,
  withApiKeys,
} from "../served-securely";
import { servingProof } from "../serving-proof";
import { LMDEPLOY_FLAGS } from "./lmdeploy-flags";
import { LMDEPLOY_TOPIC, readsRankTable, runsGraphsOnly } from "./lmdeploy-rules";

/** Element type of weights and activations. */
export enum LmdeployDtype {
  /** As in the model's configuration, with float32 replaced by float16. */
  AUTO = "auto",
  BFLOAT16 = "bfloat16",
  FLOAT16 = "float16",
}

/** Properties of `LmdeployServe`. */
export interface LmdeployServeProps {
  /**
   * Absolute path of the model's folder in the container, the same on every node.
   *
   * @default - the folder of the cluster's `model`
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
   * @default - true on Ascend except on a 310P, which runs captured graphs only; false elsewhere
   */
  readonly eagerMode?: boolean;
  /**
   * Longest session in tokens.
   *
   * @default - the model's own
   */
  readonly sessionLength?: number;
  /**
   * Sequences of full length that must fit into the cache at the same time. Checked at synth, not passed to the engine.
   *
   * @default 1
   */
  readonly plannedSequences?: number;
  /**
   * Share of the memory left over by the weights that the cache takes, more than 0 and less than 1.
   *
   * @default - LMDeploy's own, 0.8
   */
  readonly cacheMaxEntryCount?: number;
  /**
   * Bits of an element of the cache: 4 or 8; 0: those of the model.
   *
   * @default - LMDeploy's own, 0
   */
  readonly quantPolicy?: number;
  /** @default - LMDeploy's own, LmdeployDtype.AUTO */
  readonly dtype?: LmdeployDtype;
  /**
   * TCP port on the head at which the ranks meet.
   *
   * @default 29500
   */
  readonly masterPort?: number;
  /**
   * Version of LMDeploy in the image.
   *
   * @default - what the tag of a published image says
   */
  readonly version?: string;
  /**
   * IPv4 address at which the API listens on the head: `0.0.0.0` for every interface, also `localhost`.
   *
   * @default - the head's address on the cluster network, which is the cluster's endpoint
   */
  readonly listenAddress?: string;
  /**
   * API keys that the server accepts, one in each line of the file. The proof of serving uses the first.
   *
   * @default - the API asks for no key
   */
  readonly apiKeys?: SecretRef;
  /**
   * Certificate and private key with which the API speaks TLS.
   *
   * @default - plain HTTP
   */
  readonly tls?: ServerTls;
  /**
   * The question whose answer proves that the engine serves.
   *
   * @default - a chat completion, or a plain completion where the engine refuses that
   */
  readonly proof?: Proof;
  /**
   * Further arguments of `lmdeploy serve api_server`, one entry each. Every user of the machine can read them.
   *
   * @default - none
   */
  readonly extraArguments?: readonly string[];
}

/**
 * LMDeploy's PyTorch engine as an OpenAI-compatible server: one server on the head, its ranks as Ray actors on
 * all accelerators, tensor parallelism over all nodes.
 */
export class LmdeployServe implements IEngine {
  public readonly engineName = "lmdeploy";
  public readonly secrets: readonly EngineSecret[];
  private readonly props: LmdeployServeProps;

  constructor(props: LmdeployServeProps = {}) {
    this.props = { ...props, extraArguments: [...(props.extraArguments ?? [])] };
    this.secrets = protectionSecrets(props);
  }

  public bind(context: EngineContext): EngineSpec {
    const { props } = this;
    const ascend = context.rayResource === "NPU";
    const eager = props.eagerMode ?? (ascend && !runsGraphsOnly(context));
    const mode = { eager, version: engineVersion(context, props.version) };
    const tensor = props.tensorParallelSize ?? context.accelerators;
    const modelPath = modelFolder(props.modelPath, context);
    const servedModel = servedName(modelPath, props.servedModelName ?? context.modelName);
    const port = props.port ?? enginePortOf("lmdeploy-api");
    const masterPort = props.masterPort ?? enginePortOf("lmdeploy-master");
    const acrossNodes = tensor > context.acceleratorsPerNode;
    const wanted = { engine: "lmdeploy", acrossNodes, ...(ascend ? { collective: "hccl" as const } : {}) };
    return {
      name: this.engineName,
      version: mode.version,
      declared: { ...props },
      argv: withApiKeys(props, "api-keys", [
        ...["lmdeploy", "serve", "api_server", modelPath],
        ...option("--model-name", servedModel),
        ...option("--backend", "pytorch"),
        ...option("--device", ascend ? "ascend" : undefined),
        ...toggle("--eager-mode", eager),
        ...option("--tp", tensor),
        ...option("--session-len", props.sessionLength),
        ...option("--cache-max-entry-count", props.cacheMaxEntryCount),
        ...option("--quant-policy", props.quantPolicy),
        ...option("--dtype", props.dtype),
        ...option("--server-name", listenAddress(props, context)),
        ...option("--server-port", port),
        ...toggle("--ssl", props.tls !== undefined),
        ...(props.extraArguments ?? []),
      ]),
      api: {
        ...protectedApi(props),
        port,
        healthPath: "/health",
        servedModel,
        proof: servingProof(servedModel, props.proof),
      },
      environment: {
        ...engineSettingsFor({ ...wanted, scope: "driver" }),
        ...(context.headAddress === undefined ? {} : { LMDEPLOY_DIST_MASTER_ADDR: context.headAddress }),
        LMDEPLOY_DIST_MASTER_PORT: String(masterPort),
        ...(props.tls === undefined
          ? {}
          : { SSL_CERTFILE: TLS_FILES.certificate, SSL_KEYFILE: TLS_FILES.key }),
      },
      files: protectionFiles(props),
      secrets: this.secrets,
      ports: [{ name: "lmdeploy-master", from: masterPort, to: masterPort, where: "head" }],
      rayVersions: rayRangeOfEngine("lmdeploy"),
      parallelism: { tensor, pipeline: 1, data: 1, expertParallel: false },
      sizing: sizingOf(props),
      clusterEnvironment: engineSettingsFor({ ...wanted, scope: "cluster" }),
      readsRankTable: readsRankTable(mode, context),
      withheld: environmentFence("lmdeploy", context).withheld,
      requires: {
        programs: ["lmdeploy"],
        pythonModules: ascend ? ["lmdeploy", "dlinfer"] : ["lmdeploy"],
        paths: [],
      },
      problems: [
        ...modelFolderProblems(props, context),
        ...judge(
          EXTRA_ARGUMENTS_TOPIC,
          {
            given: props.extraArguments ?? [],
            owned: LMDEPLOY_FLAGS,
            properties: Object.entries(props).flatMap(([key, value]) => (value === undefined ? [] : [key])),
            flags: flagsOfEngine("lmdeploy", mode.version),
            version: mode.version,
          },
          context,
        ),
        ...judge(LMDEPLOY_TOPIC, mode, context),
        ...judge(LISTENING_TOPIC, props, context),
        ...imageProblems("lmdeploy", context),
      ],
    };
  }
}

/** Share of the memory left over by the weights that the cache takes where nothing is given (`lmdeploy/pytorch/config.py`). */
const CACHE_SHARE = 0.8;

/** What must fit into memory: LMDeploy gives the cache a share of what weights and buffers leave. */
function sizingOf(props: LmdeployServeProps): EngineSizing {
  const policy = props.quantPolicy ?? numberOf(props, "--quant-policy");
  return {
    contextTokens: props.sessionLength,
    concurrentSequences: props.plannedSequences,
    contextProperty: "sessionLength",
    memoryProperty: "cacheMaxEntryCount",
    cacheShare: props.cacheMaxEntryCount ?? CACHE_SHARE,
    cacheDtype: policy === undefined || policy === 0 ? undefined : `int${policy}`,
    batchedTokens: numberOf(props, "--max-prefill-token-num"),
    capturesGraphs: props.eagerMode !== true,
  };
}

function numberOf({ extraArguments = [] }: LmdeployServeProps, name: string): number | undefined {
  const value = givenFlags(extraArguments).find((flag) => flag.name === name)?.value;
  return value === undefined || !Number.isFinite(Number(value)) ? undefined : Number(value);
}
