import { findAccelerator } from "../../catalog/accelerators";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { enginePortOf, engineSettingsFor } from "../../catalog/engines";
import type {
  EngineContext,
  EngineFollower,
  EngineSecret,
  EngineSpec,
  EngineText,
  IEngine,
} from "../../topology/engine-spec";
import { judge } from "../../problems/rule";
import { DEFAULT_HCCL_BUFFER_MB, neededHcclBufferMB } from "../../topology/model/hccl-buffer";
import { deriveParallelism, type Parallelism } from "../../topology/model/parallelism";
import { engineVersion } from "../releases/engine-version";
import { environmentFence } from "../releases/environment-fence";
import { flagsOfEngine } from "../../catalog/engine-flags";
import { EXTRA_ARGUMENTS_TOPIC } from "../extra-arguments";
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
import { VllmSettings } from "./vllm-settings";

/** Configuration folder of vLLM. */
const CONFIGURATION = "/opt/ray-cluster/vllm";

/** vLLM as an OpenAI-compatible server: one model over all accelerators of the cluster. */
export class VllmServe implements IEngine {
  public readonly engineName = "vllm";
  public readonly secrets: readonly EngineSecret[];
  private readonly props: VllmServeProps;

  constructor(props: VllmServeProps = {}) {
    this.props = { ...props, extraArguments: [...(props.extraArguments ?? [])] };
    this.secrets = protectionSecrets(props);
  }

  public bind(context: EngineContext): EngineSpec {
    const modelPath = modelFolder(this.props.modelPath, context);
    const version = engineVersion(context, this.props.version);
    const settings = new VllmSettings(this.props, version);
    const cut = this.cut(context, settings);
    const port = this.props.port ?? enginePortOf("vllm-api");
    const servedModel = servedName(modelPath, this.props.servedModelName ?? context.modelName);
    const serve = serveArguments({ ...this.props, modelPath, servedModelName: servedModel }, cut);
    const carriesEnvironment = cut.executor === VllmExecutor.RAY;
    return {
      name: this.engineName,
      version,
      declared: { ...this.props },
      argv: withApiKeys(this.props, "api-key", [
        ...serve,
        ...headArguments(cut, listenAddress(this.props, context), port),
        ...tlsArguments(this.props),
        ...(this.props.extraArguments ?? []),
      ]),
      api: {
        ...protectedApi(this.props),
        port,
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
      clusterEnvironment: hcclSettings(context, cut, settings),
      ports: this.ports(cut),
      rayVersions: rayRangeOfEngine("vllm"),
      ...this.follower(cut, serve),
      parallelism: cut.parallelism,
      sizing: settings.sizing,
      texts: carriesEnvironment ? exclusionList(context) : [],
      requires: {
        programs: ["vllm"],
        pythonModules: context.rayResource === "NPU" ? ["vllm", "vllm_ascend"] : ["vllm"],
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
      clientCertificates: settings.clientCertificates,
      nodes: context.acceleratorNodes,
      acceleratorsPerNode: context.acceleratorsPerNode,
      headAddress: context.headAddress,
      masterPort: this.props.masterPort ?? enginePortOf("vllm-master"),
      dataParallelPort: enginePortOf("vllm-data-parallel"),
    };
  }

  private parallelism(context: EngineContext, settings: VllmSettings): Parallelism {
    return deriveParallelism({
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
    const onHead = (name: string, port: number) => ({ name, from: port, to: port, where: "head" as const });
    return [
      onHead("vllm-master", cut.masterPort),
      ...(cut.parallelism.data > 1 ? [onHead("vllm-data-parallel", cut.dataParallelPort)] : []),
    ];
  }
}

/** The buffer that HCCL needs for the model's experts, where that is more than its own default. */
function hcclSettings(
  { model, acceleratorId }: EngineContext,
  cut: VllmCut,
  settings: VllmSettings,
): NonNullable<EngineSpec["clusterEnvironment"]> {
  const accelerator = findAccelerator(acceleratorId ?? "");
  if (model === undefined || accelerator?.collective !== "hccl" || accelerator.emulated) {
    return {};
  }
  const needed = neededHcclBufferMB({
    shape: model.shape,
    parallelism: cut.parallelism,
    board: accelerator.board,
    stepTokens: settings.stepTokens(accelerator.memoryGiB, accelerator.id),
  });
  return needed > DEFAULT_HCCL_BUFFER_MB ? { HCCL_BUFFSIZE: String(needed) } : {};
}

/** vLLM's exclusion list of variables that must stay on their node. */
function exclusionList(context: EngineContext): readonly EngineText[] {
  const { excluded, exclusionFile } = environmentFence("vllm", context);
  return exclusionFile === undefined
    ? []
    : [{ path: `${CONFIGURATION}/${exclusionFile}`, text: `${JSON.stringify(excluded, null, 2)}\n` }];
}
