import type { ErrorRule } from "../../problems/rule";
import type { NodePool } from "../../topology/declaration/cluster-props";
import type { NodeSizeProps } from "../../topology/declaration/node-size-props";
import type { PacketFilter } from "../../topology/declaration/packet-filter";
import type { Assignment } from "./assignment";
import type { MachineDraft } from "./host-machine";
import type { Inventory } from "./inventory";

/** The place of clusters on existing machines, as the user declared it, with defaults. */
export interface HostsDeclaration extends NodeSizeProps {
  /** @default - missing in the inventory */
  readonly subnetCidr?: string;
  readonly machines: readonly MachineDraft[];
  readonly imagePullTimeoutSeconds: number;
  readonly registryLogins: readonly string[];
  readonly packetFilter: PacketFilter;
  /** @default - declared as properties */
  readonly inventory?: Inventory;
}

/** The cluster whose nodes the machines are to be. */
export interface HostsFacts {
  readonly pools: readonly NodePool[];
  readonly assignment: Assignment;
}

export type HostsRule = ErrorRule<HostsDeclaration, HostsFacts>;
