export { AwsBackend } from "./aws/aws-backend";
export { AwsInputs } from "./aws/aws-inputs";
export type { AwsBackendProps, AwsMachineOptions, AwsPoolOptions } from "./aws/backend-props";
export {
  Capacity,
  type CapacityKind,
  type ReservedCapacityOptions,
  SpotInterruption,
  type SpotOptions,
} from "./aws/capacity";
export { AwsClusterNetwork } from "./aws/cluster-network";
export {
  type ExistingFsxLustreProps,
  FsxLustreStorage,
  type FsxLustreStorageProps,
  FsxLustreTier,
} from "./aws/fsx-lustre-storage";
export { AwsInstanceType } from "./aws/instance-type";
export { AwsMachineImage, type MachineImageOptions } from "./aws/machine-image";
export {
  type AwsClusterNetworkProps,
  AwsInternetAccess,
  type ExistingAwsNetworkProps,
  type IClusterNetwork,
} from "./aws/network-props";
export {
  EfsStorage,
  type EfsStorageProps,
  type ExistingEfsProps,
  NfsStorage,
  type NfsStorageProps,
} from "./aws/nfs-storage";
export { NicLayout } from "./aws/nic-layout";
export { AwsNodePool } from "./aws/node-pool";
export type { AwsNodePoolProps } from "./aws/node-pool-props";
export type { Permission } from "./aws/policy";
export { AwsPlanError } from "./aws/problems";
export { S3StagedStorage, type S3StagedStorageProps } from "./aws/s3-staged-storage";
export type { IAwsStorage, StoragePaths } from "./aws/storage";
export type { BootFile, BootMount, BootSource, BootStage } from "./bootstrap/boot-spec";
export {
  CloudInitBackend,
  type CloudInitBackendProps,
  type RegistryLogin,
} from "./cloud-init/cloud-init-backend";
export { ReadinessCheck, type ReadinessKind, type SshReadinessOptions } from "./cloud-init/readiness-check";
export { SecretSource } from "./cloud-init/secret-source";
export { HostsBackend, type HostsBackendOptions, type HostsBackendProps } from "./docker/hosts-backend";
export type { HostMachine } from "./docker/hosts/host-machine";
export { LocalBackend, type LocalBackendProps } from "./docker/local-backend";
export { CustomServe, type CustomServeProps } from "./engines/custom-serve";
export { EmulatedServe, type EmulatedServeProps } from "./engines/emulated-serve";
export { LmdeployDtype, LmdeployServe, type LmdeployServeProps } from "./engines/lmdeploy-serve";
export { RayOnly } from "./engines/ray-only";
export { RollPipeline, type RollPipelineProps } from "./engines/roll-pipeline";
export { RollProfile } from "./engines/roll-profile";
export { VllmDtype, VllmExecutor, type VllmServeProps } from "./engines/vllm-props";
export { VllmServe } from "./engines/vllm-serve";
export { RayCluster, type RayClusterProps } from "./ray-cluster";
export { ClusterBackend } from "./terraform/cluster-backend";
export { Accelerator } from "./topology/accelerator";
export type { ClusterOptions, NodePool, RayPorts } from "./topology/cluster-props";
export {
  ContainerImage,
  type ContainerImageOptions,
  type PythonPackagesOptions,
} from "./topology/container-image";
export type {
  CompletionCheck,
  EngineContext,
  EngineFinding,
  EngineFollower,
  EngineImage,
  EngineKind,
  EnginePort,
  EngineRequirements,
  EngineSizing,
  EngineSpec,
  EngineText,
  IEngine,
  RayVersionRange,
  RuntimeFile,
} from "./topology/engine-spec";
export { Fabric } from "./topology/fabric";
export { Model, type ModelConfigOptions } from "./topology/model";
export type { ModelNumbers } from "./topology/model-numbers";
export {
  ModelSource,
  type HuggingFaceOptions,
  type ModelPathOptions,
  type ModelSourceKind,
  type S3Options,
} from "./topology/model-source";
export type { LayerWeights, ModelWeights } from "./topology/model-weights";
export type { Parallelism } from "./topology/parallelism";
export type {
  ClusterPlan,
  ContainerNeeds,
  Deadlines,
  DerivedImagePlan,
  EnvironmentPlan,
  ImagePlan,
  MountPlan,
  NodePlan,
  NodeValue,
  PoolPlan,
  PortPlan,
  RankTablePlan,
  RayPlan,
  Retries,
  SecretPlan,
  StagingPlan,
  StagingSource,
  StoragePlan,
  Ulimit,
} from "./topology/plan";
export { PlanError } from "./topology/plan-error";
export type { Problem } from "./topology/problem";
export { RankTableKind } from "./topology/rank-table-kind";
export { SecretRef, type SecretKind } from "./topology/secret-ref";
export { HostPathStorage, type HostPathStorageProps, type IStorage } from "./topology/storage";
export type {
  AttentionBias,
  ExpertLayers,
  LatentAttention,
  ModelShape,
  Quantization,
} from "./catalog/models";
