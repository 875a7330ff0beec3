import type { NicLayout } from "./nic-layout";
import type { CapacityKind, SpotInterruption } from "./capacity";

/**
 * A node pool as its rules see it: plain data. A value that is known only at apply (a Terraform variable, an attribute
 * of a resource) is `undefined`, and no rule judges it.
 */
export interface PoolSpec {
  /** Empty: not stated. */
  readonly instanceType: string;
  readonly nodes: number;
  /** `efa`, `tcp`, ... */
  readonly fabric: string;
  readonly nicLayout: NicLayout;
  readonly publicIp: boolean;
  readonly hasHead: boolean;
  readonly headAddress?: string;
  readonly capacity: {
    readonly kind: CapacityKind;
    readonly id?: string;
    readonly availabilityZone?: string;
    readonly interruption?: SpotInterruption;
  };
  readonly machineImage: {
    readonly amiId?: string;
    /** `undefined`: a pinned id says nothing about it. */
    readonly architecture?: string;
    readonly driver?: string;
    readonly minimumRootGiB?: number;
  };
  readonly rootVolumeGiB: number;
  readonly network: {
    readonly availabilityZone?: string;
    readonly subnetCidr?: string;
    readonly hasPlacementGroup: boolean;
    readonly hasSelfRules: boolean;
  };
  readonly storage: readonly {
    /** Path of its declaration. */
    readonly path: string;
    readonly isReachedByEfa: boolean;
    readonly availabilityZone?: string;
  }[];
}

/** Where the user has declared the properties of a pool: on an `AwsNodePool`, or on a cluster and its backend. */
export interface PoolPaths {
  readonly instanceType: string;
  readonly nodes: string;
  /** Prefix of the network and the head's address. */
  readonly place: string;
  /** Prefix of capacity, machine image, interfaces and volume. */
  readonly options: string;
}

/** The properties of an `AwsNodePool`. */
export const NODE_POOL_PATHS: PoolPaths = {
  instanceType: "instanceType",
  nodes: "nodes",
  place: "",
  options: "",
};
