import { findAccelerator } from "../../catalog/accelerators";
import { flagsOfEngine } from "../../catalog/engine-flags";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { engineBatchFor, engineSettingsFor } from "../../catalog/engines";
import { judge } from "../../problems/rule";
import type { EngineSizing } from "../../topology/engine-sizing";
import type { EngineContext, EngineSecret, EngineSpec, IEngine } from "../../topology/engine-spec";
import { portOnHead } from "../port-on-head";
import { option, toggle } from "../arguments";
import { EXTRA_ARGUMENTS_TOPIC } from "../extra-arguments";
import { hcclBuffer } from "../hccl-buffer";
import { modelFolder, modelFolderProblems, servedName } from "../model-folder";
import { engineVersion } from "../releases/engine-version";
import { environmentFence } from "../releases/environment-fence";
import { listenAddress, LISTENING_TOPIC } from "../listen-address";
import { imageProblems } from "../releases/image-rules";
import { protectedApi, protectionFiles, protectionSecrets, TLS_FILES, withApiKeys } from "../served-securely";
import { proxyFiles, withHaproxy } from "../reverse-proxy";
import { servingProof } from "../serving-proof";
import {
  hasReplicas,
  lmdeployCut,
  type LmdeployCut,
  numberOf,
  serverPorts,
  tensorFlag,
} from "./lmdeploy-cut";
import { LMDEPLOY_FLAGS } from "./lmdeploy-flags";
import type { LmdeployServeProps } from "./lmdeploy-props";
import { serverArguments, SERVERS_PATH, withProxy } from "./lmdeploy-proxy";
import { LMDEPLOY_REPLICAS_TOPIC } from "./lmdeploy-replica-rules";
import { LMDEPLOY_TOPIC, readsRankTable, runsGraphsOnly } from "./lmdeploy-rules";

/**
 * LMDeploy's PyTorch engine as an OpenAI-compatible server: one server on the head, its ranks as Ray actors on
 * all accelerators, tensor parallelism over all nodes. With data parallelism a server for each replica on its own node,
 * and LMDeploy's proxy on the head in front of them.
 *
 * @example
 * new LmdeployServe({ tensorParallelSize: 16, sessionLength: 16_384 });
 */
export class LmdeployServe implements IEngine {
  public readonly engineName = "lmdeploy";
  public readonly secrets?: readonly EngineSecret[];
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
    const cut = lmdeployCut(props, context);
    const { tensor } = cut.parallelism;
    const modelPath = modelFolder(props.modelPath, context);
    const servedModel = servedName(modelPath, props.servedModelName ?? context.modelName);
    const acrossNodes = tensor > context.acceleratorsPerNode;
    const wanted = { engine: "lmdeploy", acrossNodes, ...(ascend ? { collective: "hccl" as const } : {}) };
    const serve = [
      ...["lmdeploy", "serve", "api_server", modelPath],
      ...option("--model-name", servedModel),
      ...option("--backend", "pytorch"),
      ...option("--device", ascend ? "ascend" : undefined),
      ...toggle("--eager-mode", eager),
      ...option("--tp", tensorFlag(cut)),
      ...option("--dp", props.dataParallelSize),
      ...option("--ep", props.expertParallelSize),
      ...option("--session-len", props.sessionLength),
      ...option("--cache-max-entry-count", props.cacheMaxEntryCount),
      ...option("--quant-policy", props.quantPolicy),
      ...option("--dtype", props.dtype),
    ];
    return {
      name: this.engineName,
      version: mode.version,
      declared: { ...props },
      ...this.commands(cut, serve, listenAddress(props, context)),
      api: {
        ...protectedApi(props),
        port: cut.port,
        listenAddress: listenAddress(props, context),
        ...(hasReplicas(cut)
          ? { healthPath: SERVERS_PATH, servers: cut.parallelism.data }
          : { healthPath: "/health" }),
        servedModel,
        proof: servingProof(servedModel, props.proof),
      },
      environment: {
        ...engineSettingsFor({ ...wanted, scope: "driver" }),
        ...meeting(cut),
        ...(props.tls === undefined || hasReplicas(cut)
          ? {}
          : { SSL_CERTFILE: TLS_FILES.certificate, SSL_KEYFILE: TLS_FILES.key }),
      },
      files: [...protectionFiles(props), ...(hasReplicas(cut) ? proxyFiles(props.reverseProxy) : [])],
      secrets: this.secrets,
      ports: [portOnHead("lmdeploy-master", cut.masterPort), ...serverPorts(cut)],
      rayVersions: rayRangeOfEngine("lmdeploy"),
      parallelism: cut.parallelism,
      sizing: sizingOf(props),
      clusterEnvironment: {
        ...engineSettingsFor({ ...wanted, scope: "cluster" }),
        ...hcclBuffer(
          context,
          cut.parallelism,
          (memoryGiB, accelerator) =>
            numberOf(props, "--max-batch-size") ??
            engineBatchFor("lmdeploy", memoryGiB, accelerator)?.sequences ??
            0,
        ),
      },
      readsRankTable: readsRankTable(mode, context),
      withheld: withheld(cut, context),
      requires: withHaproxy(props.reverseProxy, context, {
        programs: ["lmdeploy"],
        pythonModules: ascend ? ["lmdeploy", "dlinfer"] : ["lmdeploy"],
        paths: [],
      }),
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
        ...judge(LMDEPLOY_REPLICAS_TOPIC, { ...cut, props, version: mode.version }, context),
        ...judge(LISTENING_TOPIC, props, context),
        ...imageProblems("lmdeploy", context),
      ],
    };
  }

  /** One server on the head, or a proxy there and servers on every node. */
  private commands(
    cut: LmdeployCut,
    serve: readonly string[],
    listen: string,
  ): Pick<EngineSpec, "argv" | "follower"> {
    const { props } = this;
    const further = props.extraArguments ?? [];
    if (!hasReplicas(cut)) {
      return {
        argv: withApiKeys(props, "api-keys", [
          ...serve,
          ...option("--server-name", listen),
          ...option("--server-port", cut.port),
          ...toggle("--ssl", props.tls !== undefined),
          ...further,
        ]),
      };
    }
    const server = [...serve, ...serverArguments(cut), ...further];
    return {
      argv: withProxy(props, cut, listen, [...server, RANK_FLAG, "0"]),
      ...(cut.nodes > 1 ? { follower: { argv: server, rankFlag: RANK_FLAG } } : {}),
    };
  }
}

const RANK_FLAG = "--node-rank";

/**
 * What its processes must not see. A server of Ascend that sees the variable of the visible devices counts the devices of
 * its ranks over all nodes, else from 0 on each node (`lmdeploy/pytorch/engine/executor/ray_executor.py`).
 */
function withheld(cut: LmdeployCut, context: EngineContext): readonly string[] {
  const accelerator = findAccelerator(context.acceleratorId ?? "");
  const devices =
    hasReplicas(cut) && accelerator?.collective === "hccl" ? [accelerator.visibleDevicesVariable] : [];
  return [...devices, ...environmentFence("lmdeploy", context).withheld].sort();
}

/** Where the ranks meet: those of one server by themselves, those of all replicas at the head. */
function meeting(cut: LmdeployCut): EngineSpec["environment"] {
  const { headAddress, masterPort } = cut;
  const kind = hasReplicas(cut) ? "LMDEPLOY_DP_MASTER" : "LMDEPLOY_DIST_MASTER";
  return {
    ...(headAddress === undefined ? {} : { [`${kind}_ADDR`]: headAddress }),
    [`${kind}_PORT`]: String(masterPort),
  };
}

/** Share of the memory left over by the weights that the cache takes where nothing is given (`lmdeploy/pytorch/config.py`). */
const CACHE_SHARE = 0.8;

/** What must fit into memory: LMDeploy gives the cache a share of what weights and buffers leave. */
function sizingOf(props: LmdeployServeProps): EngineSizing {
  const policy = props.quantPolicy ?? numberOf(props, "--quant-policy");
  return {
    contextTokens: props.sessionLength,
    // What its cache cannot hold, it cuts off (`lmdeploy/pytorch/engine/engine.py`, _get_max_session_len).
    contextFits: props.sessionLength === undefined,
    concurrentSequences: props.plannedSequences,
    contextProperty: "sessionLength",
    memoryProperty: "cacheMaxEntryCount",
    cacheShare: props.cacheMaxEntryCount ?? CACHE_SHARE,
    dtype: props.dtype ?? "auto",
    cacheDtype: policy === undefined || policy === 0 ? undefined : `int${policy}`,
    batchedTokens: numberOf(props, "--max-prefill-token-num"),
    capturesGraphs: props.eagerMode !== true,
  };
}
