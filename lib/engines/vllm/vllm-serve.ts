import { findAccelerator } from "../../catalog/accelerators";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { enginePortOf, engineSettingsFor } from "../../catalog/engines";
import type {
  EngineContext,
  EngineFollower,
  EngineModel,
  EngineSecret,
  EngineSpec,
  EngineText,
  IEngine,
} from "../../topology/engine-spec";
import { judge } from "../../problems/rule";
import { deriveParallelism, type Parallelism } from "../../topology/model/parallelism";
import { sourceSecrets } from "../../topology/plan/secrets";
import { modelFolder as modelFolderOf } from "../../topology/plan/declared-models";
import { engineVersion, isBefore } from "../releases/engine-version";
import { environmentFence } from "../releases/environment-fence";
import { flagsOfEngine } from "../../catalog/engine-flags";
import { portOnHead } from "../port-on-head";
import { EXTRA_ARGUMENTS_TOPIC } from "../extra-arguments";
import { hcclBuffer } from "../hccl-buffer";
import { modelFolder, modelFolderProblems, servedName } from "../model-folder";
import { listenAddress, LISTENING_TOPIC } from "../listen-address";
import { imageProblems } from "../releases/image-rules";
import { protectedApi, protectionFiles, protectionSecrets, withApiKeys } from "../served-securely";
import { servingProof } from "../serving-proof";
import {
  followerArguments,
  headArguments,
  replicasSpanNodes,
  serveArguments,
  tlsArguments,
  VLLM_FLAGS,
  type VllmCut,
} from "./vllm-arguments";
import { proofKinds } from "./vllm-proof";
import { VllmExecutor, type VllmServeProps } from "./vllm-props";
import { VLLM_TOPIC } from "./vllm-rules";
import { DRAFT_PROPERTY } from "./speculation";
import { AUTO, VllmSettings } from "./vllm-settings";

/** Configuration folder of vLLM. */
const CONFIGURATION = "/opt/ray-cluster/vllm";

/**
 * vLLM as an OpenAI-compatible server: one model over all accelerators of the cluster.
 *
 * @example
 * new VllmServe({ tensorParallelSize: 8, pipelineParallelSize: 2, maxModelLen: 16_384 });
 */
export class VllmServe implements IEngine {
  /** `maxModelLen`: as many tokens as fit into the memory, up to the model's own (`--max-model-len auto`). */
  public static readonly LONGEST_THAT_FITS = AUTO;

  public readonly engineName = "vllm";
  public readonly secrets?: readonly EngineSecret[];
  public readonly models?: readonly EngineModel[];
  private readonly props: VllmServeProps;

  constructor(props: VllmServeProps = {}) {
    this.props = { ...props, extraArguments: [...(props.extraArguments ?? [])] };
    const models = draftModels(props);
    this.models = models;
    this.secrets = [...protectionSecrets(props), ...models.flatMap(sourceSecrets)];
  }

  public bind(context: EngineContext): EngineSpec {
    const modelPath = modelFolder(this.props.modelPath, context);
    const version = engineVersion(context, this.props.version);
    const [draft] = draftModels(this.props).map(({ source }) => modelFolderOf(source, context.storageFolder));
    const settings = new VllmSettings(this.props, version, draft);
    const cut = this.cut(context, settings);
    const port = this.props.port ?? enginePortOf("vllm-api");
    const servedModel = servedName(modelPath, this.props.servedModelName ?? context.modelName);
    const serve = serveArguments(
      { ...this.props, modelPath, servedModelName: servedModel, draftFolder: draft },
      cut,
    );
    const carriesEnvironment = cut.executor === VllmExecutor.RAY;
    return {
      name: this.engineName,
      version,
      declared: { ...this.props, speculation: settings.declaredSpeculation },
      argv: withApiKeys(this.props, "api-key", [
        ...serve,
        ...headArguments(cut, listenAddress(this.props, context), port),
        ...tlsArguments(this.props),
        ...(this.props.extraArguments ?? []),
      ]),
      api: {
        ...protectedApi(this.props),
        port,
        listenAddress: listenAddress(this.props, context),
        healthPath: "/health",
        servedModel,
        proof: servingProof(servedModel, this.props.proof, proofKinds(settings, context.model)),
      },
      environment: {
        ...engineSettingsFor({ engine: "vllm", scope: "driver", acrossNodes: cut.nodes > 1 }),
        ...(carriesEnvironment ? { VLLM_CONFIG_ROOT: CONFIGURATION } : {}),
        ...(this.props.layerPartition
          ? { VLLM_PP_LAYER_PARTITION: this.props.layerPartition.join(",") }
          : {}),
        ...(carriesEnvironment && replicasSpanNodes(cut) ? { VLLM_RAY_DP_PACK_STRATEGY: "span" } : {}),
      },
      files: protectionFiles(this.props),
      secrets: this.secrets,
      clusterEnvironment: hcclBuffer(context, cut.parallelism, (memoryGiB, accelerator) =>
        settings.stepTokens(memoryGiB, accelerator),
      ),
      ports: this.ports(cut),
      rayVersions: rayRangeOfEngine("vllm"),
      ...this.follower(cut, serve),
      hasRankOnHead:
        isBefore("vllm-head-without-accelerators", version) ||
        (cut.executor === VllmExecutor.MP && cut.nodes === 1),
      parallelism: cut.parallelism,
      sizing: settings.sizing,
      texts: carriesEnvironment ? exclusionList(context) : [],
      requires: {
        programs: ["vllm"],
        pythonModules: ["vllm", ...platformModules(context)],
        paths: [],
      },
      problems: [
        ...modelFolderProblems(this.props, context),
        ...judge(
          EXTRA_ARGUMENTS_TOPIC,
          {
            given: this.props.extraArguments ?? [],
            owned: VLLM_FLAGS,
            properties: Object.entries(this.props).flatMap(([key, value]) =>
              value === undefined ? [] : [key],
            ),
            flags: flagsOfEngine("vllm", version),
            version,
          },
          context,
        ),
        ...judge(VLLM_TOPIC, cut, context),
        ...judge(LISTENING_TOPIC, this.props, context),
        ...imageProblems("vllm", context),
      ],
    };
  }

  private cut(context: EngineContext, settings: VllmSettings): VllmCut {
    return {
      executor: this.props.executor ?? VllmExecutor.RAY,
      parallelism: this.parallelism(context, settings),
      version: settings.version,
      isHybrid: settings.isHybrid,
      speculative: settings.speculative,
      quantization: settings.sizing.quantization,
      clientCertificates: settings.clientCertificates,
      nodes: context.acceleratorNodes,
      acceleratorsPerNode: context.acceleratorsPerNode,
      headAddress: context.headAddress,
      masterPort: this.props.masterPort ?? enginePortOf("vllm-master"),
      dataParallelPort: enginePortOf("vllm-data-parallel"),
    };
  }

  private parallelism(context: EngineContext, settings: VllmSettings): Parallelism {
    const parallelism = deriveParallelism({
      nodes: context.acceleratorNodes,
      acceleratorsPerNode: context.acceleratorsPerNode,
      tensor: this.props.tensorParallelSize,
      pipeline: this.props.pipelineParallelSize,
      data: this.props.dataParallelSize,
      expertParallel: this.props.enableExpertParallel,
      decodeContext: settings.decodeContext,
      prefillContext: settings.prefillContext,
      layerPartition: this.props.layerPartition,
    });
    return settings.keepsSharedExperts(parallelism, context.model)
      ? { ...parallelism, keepsSharedExperts: true }
      : parallelism;
  }

  private follower(cut: VllmCut, serve: readonly string[]): { readonly follower?: EngineFollower } {
    return cut.executor === VllmExecutor.MP && cut.nodes > 1
      ? {
          follower: {
            argv: [...serve, ...followerArguments(cut), ...(this.props.extraArguments ?? [])],
            rankFlag: "--node-rank",
          },
        }
      : {};
  }

  private ports(cut: VllmCut): EngineSpec["ports"] {
    if (cut.executor !== VllmExecutor.MP || cut.nodes < 2) {
      return [];
    }
    return [
      portOnHead("vllm-master", cut.masterPort),
      ...(cut.parallelism.data > 1 ? [portOnHead("vllm-data-parallel", cut.dataParallelPort)] : []),
    ];
  }
}

/** The draft model, where a property names its source. */
function draftModels({ speculation }: VllmServeProps): readonly EngineModel[] {
  const source = speculation?.model;
  return source === undefined ? [] : [{ name: "draft-model", path: DRAFT_PROPERTY, source }];
}

/** What vLLM finds its accelerators by, which an image for others lacks (`vllm/platforms/__init__.py`). */
function platformModules({ rayResource, acceleratorId = "" }: EngineContext): readonly string[] {
  if (rayResource === "NPU") {
    return ["vllm_ascend"];
  }
  return findAccelerator(acceleratorId)?.collective === "rccl" ? ["amdsmi"] : [];
}

/** vLLM's exclusion list of variables that must stay on their node. */
function exclusionList(context: EngineContext): readonly EngineText[] {
  const { excluded, exclusionFile } = environmentFence("vllm", context);
  return exclusionFile === undefined
    ? []
    : [{ path: `${CONFIGURATION}/${exclusionFile}`, text: `${JSON.stringify(excluded, null, 2)}\n` }];
}
