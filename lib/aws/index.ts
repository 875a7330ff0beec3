export { AwsBackend } from "./cluster/aws-backend";
export { AwsInputs } from "./account/aws-inputs";
export type { AwsBackendProps, AwsPoolOptions } from "./cluster/backend-props";
export {
  Capacity,
  type CapacityBlockOptions,
  type CapacityKind,
  type ReservationOptions,
  type ReservedCapacityOptions,
  SpotInterruption,
  type SpotOptions,
} from "./pool/capacity";
export { AwsClusterNetwork } from "./network/cluster-network";
export {
  type ExistingFsxLustreProps,
  FsxLustreStorage,
  type FsxLustreStorageProps,
  FsxLustreTier,
} from "./storage/fsx-lustre-storage";
export { AwsInstanceType, type InstanceTypeProps } from "./pool/instance-type";
export { AwsMachineImage, type MachineImageOptions } from "./pool/machine-image";
export {
  type AwsClusterNetworkProps,
  AwsInternetAccess,
  type ExistingAwsNetworkProps,
  type IClusterNetwork,
} from "./network/network-props";
export {
  EfsStorage,
  type EfsStorageProps,
  type ExistingEfsProps,
  NfsStorage,
  type NfsStorageProps,
} from "./storage/nfs-storage";
export { NicLayout } from "./pool/nic-layout";
export { AwsNodePool } from "./pool/node-pool";
export type { AwsMachineOptions, AwsNodePoolProps } from "./pool/node-pool-props";
export type { Permission, ResourceTag } from "./policy";
export { S3StagedStorage, type S3StagedStorageProps } from "./storage/s3-staged-storage";
export type { IAwsStorage, StoragePaths } from "./storage/storage";
export { AwsTags } from "./tags";
