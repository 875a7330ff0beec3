import type { NicLayout } from "./nic-layout";
import type { CapacityKind, SpotInterruption } from "./capacity";

/**
 * A node pool as its rules see it: plain data. What is known only at apply (a Terraform variable, an id of a
 * resource) is `undefined`, and no rule judges it.
 */
export interface PoolSpec {
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
    /** As a person tells it from others. */
    readonly name: string;
    readonly isReachedByEfa: boolean;
    readonly availabilityZone?: string;
  }[];
}
