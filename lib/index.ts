export type { BootFile, BootMount, BootSource, BootStage } from "./bootstrap/boot-spec";
export { CustomServe, type CustomServeProps } from "./engines/custom-serve";
export type { FoundValue } from "./catalog/environment";
export type { MountFact, UlimitFact } from "./catalog/facts";
export type { ListensOn } from "./catalog/ports";
export { EmulatedServe, type EmulatedServeProps } from "./engines/emulated/emulated-serve";
export { LmdeployDtype, type LmdeployServeProps } from "./engines/lmdeploy/lmdeploy-props";
export { LmdeployServe } from "./engines/lmdeploy/lmdeploy-serve";
export type { ReverseProxy } from "./engines/reverse-proxy";
export type { ServerTls } from "./engines/served-securely";
export { RayOnly } from "./engines/ray-only";
export { RollPipeline, type RollPipelineProps } from "./engines/roll/roll-pipeline";
export { RollProfile } from "./engines/roll/roll-profile";
export {
  Speculation,
  type DraftOptions,
  type MtpOptions,
  type NgramOptions,
  type SpeculationOptions,
  type SuffixOptions,
} from "./engines/vllm/speculation";
export { VllmDtype, VllmExecutor, VllmRunner, type VllmServeProps } from "./engines/vllm/vllm-props";
export { VllmServe } from "./engines/vllm/vllm-serve";
export { RayCluster, type RayClusterProps } from "./ray-cluster";
export type {
  Destroyed,
  GrantedActions,
  PlaceFacts,
  PlaceReach,
  PricedPart,
  ReadSpeed,
  Recovery,
  SpeedLimit,
} from "./review/place-facts";
export type { PlaceReview } from "./review/review";
export {
  ClusterBackend,
  type ClusterDeclaration,
  type ClusterEndpoint,
  type ClusterShape,
  type IClusterSite,
} from "./terraform/cluster-backend";
export { Accelerator, type AcceleratorFactsProps } from "./topology/declaration/accelerator";
export type { ClusterOptions, NodePool, RayPorts } from "./topology/declaration/cluster-props";
export { ContainerImage, type ContainerImageOptions } from "./topology/declaration/container-image";
export type {
  EngineApi,
  EngineContext,
  EngineFollower,
  EngineImage,
  EngineModel,
  EnginePort,
  EngineRequirements,
  EngineSecret,
  EngineSpec,
  EngineText,
  EngineTls,
  IEngine,
  ProofRequest,
  RayVersionRange,
  RuntimeFile,
} from "./topology/engine-spec";
export { IpcMode, type ExtraMount } from "./topology/declaration/container-extras";
export type { EngineSizing, SpeculativeDecoding } from "./topology/engine-sizing";
export { Fabric } from "./topology/declaration/fabric";
export type { Modality } from "./topology/model/hub-encoders";
export type { ModelPositions } from "./topology/model/hub-positions";
export { Model } from "./topology/model/model";
export type { ModelConfigOptions, WeightsBasis } from "./topology/model/model-parts";
export type { ModelNumbers } from "./topology/model/model-numbers";
export type { ModelTask } from "./topology/model/model-task";
export {
  ModelSource,
  type HubOptions,
  type ModelPathOptions,
  type ModelSourceKind,
  type S3Options,
} from "./topology/values/model-source";
export type { LayerWeights, ModelWeights } from "./topology/model/model-weights";
export type { Place } from "./topology/plan/place";
export type { IClusterRule } from "./topology/cluster-rule";
export type { Parallelism } from "./topology/model/parallelism";
export type { DerivedImagePlan } from "./topology/declaration/derived-image";
export type { ImageSource, ImageSourceProps } from "./topology/declaration/image-source";
export type { PythonPackagesOptions } from "./topology/declaration/python-package";
export type { NodeSizeProps } from "./topology/declaration/node-size-props";
export type { MemoryFit, StageMemory } from "./topology/model/memory-fit";
export type {
  ClusterPlan,
  ContainerExtras,
  ContainerNeeds,
  Deadlines,
  EnvironmentPlan,
  ImagePlan,
  MemoryPlan,
  NodePlan,
  PoolPlan,
  PortPlan,
  RankTablePlan,
  RayPlan,
  Retries,
  StagedModel,
  StagingPlan,
  StagingSource,
} from "./topology/plan/plan";
export { PlanError } from "./problems/plan-error";
export type { Problem, ProblemChoices } from "./problems/problem";
export { Proof, type CustomProofProps, type ProofKind, type ProofOptions } from "./topology/values/proof";
export { PacketFilter, type PacketFilterOptions } from "./topology/declaration/packet-filter";
export { RankTableKind } from "./topology/declaration/rank-table-kind";
export { SecretRef, type SecretKind } from "./topology/values/secret-ref";
export { HostPathStorage, type HostPathStorageProps, type IStorage } from "./topology/declaration/storage";
export type {
  ExpertLayers,
  LatentAttention,
  LayerCache,
  LayerCacheKind,
  ModelShape,
  Quantization,
  QuantizationScheme,
  QuantizedPart,
} from "./catalog/models";
// The places; the build makes them load when one of their names is asked for (`tools/lazy-places.cjs`).
export * from "./aws/index";
export * from "./cloud-init/index";
export * from "./docker/hosts/index";
export * from "./docker/local/index";
