export { AwsBackend } from "./aws/cluster/aws-backend";
export { AwsInputs } from "./aws/account/aws-inputs";
export type { AwsBackendProps, AwsPoolOptions } from "./aws/cluster/backend-props";
export {
  Capacity,
  type CapacityKind,
  type ReservedCapacityOptions,
  SpotInterruption,
  type SpotOptions,
} from "./aws/pool/capacity";
export { AwsClusterNetwork } from "./aws/network/cluster-network";
export {
  type ExistingFsxLustreProps,
  FsxLustreStorage,
  type FsxLustreStorageProps,
  FsxLustreTier,
} from "./aws/storage/fsx-lustre-storage";
export { AwsInstanceType } from "./aws/pool/instance-type";
export { AwsMachineImage, type MachineImageOptions } from "./aws/pool/machine-image";
export {
  type AwsClusterNetworkProps,
  AwsInternetAccess,
  type ExistingAwsNetworkProps,
  type IClusterNetwork,
} from "./aws/network/network-props";
export {
  EfsStorage,
  type EfsStorageProps,
  type ExistingEfsProps,
  NfsStorage,
  type NfsStorageProps,
} from "./aws/storage/nfs-storage";
export { NicLayout } from "./aws/pool/nic-layout";
export { AwsNodePool } from "./aws/pool/node-pool";
export type { AwsMachineOptions, AwsNodePoolProps } from "./aws/pool/node-pool-props";
export type { Permission } from "./aws/policy";
export { S3StagedStorage, type S3StagedStorageProps } from "./aws/storage/s3-staged-storage";
export type { IAwsStorage, StoragePaths } from "./aws/storage/storage";
export type { BootFile, BootMount, BootSource, BootStage } from "./bootstrap/boot-spec";
export {
  CloudInitBackend,
  type CloudInitBackendProps,
  type RegistryLogin,
} from "./cloud-init/cloud-init-backend";
export { CloudInitSite } from "./cloud-init/cloud-init-site";
export { ReadinessCheck, type ReadinessKind, type SshReadinessOptions } from "./cloud-init/readiness-check";
export { SecretSource } from "./cloud-init/secret-source";
export { HostsBackend, type HostsBackendOptions, type HostsBackendProps } from "./docker/hosts/hosts-backend";
export type { HostMachine } from "./docker/hosts/host-machine";
export { LocalBackend, type LocalBackendProps } from "./docker/local/local-backend";
export { CustomServe, type CustomServeProps } from "./engines/custom-serve";
export type { FoundValue } from "./catalog/environment";
export type { MountFact, UlimitFact } from "./catalog/facts";
export { EmulatedServe, type EmulatedServeProps } from "./engines/emulated/emulated-serve";
export { LmdeployDtype, LmdeployServe, type LmdeployServeProps } from "./engines/lmdeploy/lmdeploy-serve";
export type { ServerTls } from "./engines/served-securely";
export { RayOnly } from "./engines/ray-only";
export { RollPipeline, type RollPipelineProps } from "./engines/roll/roll-pipeline";
export { RollProfile } from "./engines/roll/roll-profile";
export { VllmDtype, VllmExecutor, VllmRunner, type VllmServeProps } from "./engines/vllm/vllm-props";
export { VllmServe } from "./engines/vllm/vllm-serve";
export { RayCluster, type RayClusterProps } from "./ray-cluster";
export { ClusterBackend, type ClusterSite } from "./terraform/cluster-backend";
export { Accelerator, type AcceleratorFactsProps } from "./topology/declaration/accelerator";
export type { ClusterOptions, NodePool, RayPorts } from "./topology/declaration/cluster-props";
export { ContainerImage, type ContainerImageOptions } from "./topology/declaration/container-image";
export type {
  EngineApi,
  EngineContext,
  EngineFollower,
  EngineImage,
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
} from "./topology/declaration/model-source";
export type { LayerWeights, ModelWeights } from "./topology/model/model-weights";
export type { Parallelism } from "./topology/model/parallelism";
export type { DerivedImagePlan } from "./topology/declaration/derived-image";
export type { ImageSource, ImageSourceProps } from "./topology/declaration/image-source";
export type { PythonPackagesOptions } from "./topology/declaration/python-package";
export type { NodeSizeProps } from "./topology/declaration/node-size-props";
export type {
  ClusterPlan,
  ContainerExtras,
  ContainerNeeds,
  Deadlines,
  EnvironmentPlan,
  ImagePlan,
  NodePlan,
  PoolPlan,
  PortPlan,
  RankTablePlan,
  RayPlan,
  Retries,
  StagingPlan,
  StagingSource,
} from "./topology/plan/plan";
export { PlanError } from "./problems/plan-error";
export type { Problem, ProblemChoices } from "./problems/problem";
export { Proof, type CustomProofProps, type ProofKind, type ProofOptions } from "./topology/values/proof";
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
