import type { InstanceNetwork } from "../../catalog/instance-types";

/** How the network interfaces of a machine with EFA are laid out on its network cards. */
export enum NicLayout {
  /**
   * AWS's current recommendation: one interface with IP on card 0, EFA-only interfaces everywhere else. One address per
   * machine, whatever its number of cards.
   */
  RECOMMENDED = "recommended",
  /** AWS's former recommendation: one interface per card, the first of which has both EFA and IP. */
  CLASSIC = "classic",
  /** The recommended layout, and further interfaces with IP on the cards that AWS names for it. */
  MAXIMUM_IP = "maximum-ip",
}

/** `interface`: IP only; `efa`: EFA and IP; `efa-only`: EFA without an address. */
export type NicType = "interface" | "efa" | "efa-only";

/** One network interface of a machine, as a launch template lists it. */
export interface Nic {
  readonly networkCard: number;
  readonly deviceIndex: number;
  readonly type: NicType;
}

const PRIMARY: Nic = { networkCard: 0, deviceIndex: 0, type: "interface" };

/**
 * The network interfaces of a machine, primary first; `undefined` where the layout does not exist for the type.
 *
 * @param efa whether the machine uses EFA; without it there is one plain interface
 */
export function nicLayout(
  network: InstanceNetwork,
  layout: NicLayout,
  efa: boolean,
): readonly Nic[] | undefined {
  if (!efa) {
    return [PRIMARY];
  }
  if (network.efaCards.length === 0) {
    return undefined;
  }
  switch (layout) {
    case NicLayout.RECOMMENDED:
      return recommended(network);
    case NicLayout.CLASSIC:
      return classic(network);
    case NicLayout.MAXIMUM_IP:
      return maximumIp(network);
  }
}

/** Private addresses that a machine needs. */
export function addressesOf(nics: readonly Nic[]): number {
  return nics.filter(({ type }) => type !== "efa-only").length;
}

/** EFA devices of the machine. */
export function efaDevicesOf(nics: readonly Nic[]): number {
  return nics.filter(({ type }) => type !== "interface").length;
}

function recommended({ networkCards, efaCards }: InstanceNetwork): readonly Nic[] {
  // A machine with several interfaces could not have an automatic public address.
  if (networkCards === 1) {
    return [{ ...PRIMARY, type: "efa" }];
  }
  return [PRIMARY, ...efaCards.map(efaOnly)];
}

/** An EFA-only interface is never the primary one, which has device index 0 of card 0. */
function efaOnly(networkCard: number): Nic {
  return { networkCard, deviceIndex: networkCard === 0 ? 1 : 0, type: "efa-only" };
}

/** One interface per card, which is impossible where a card has no EFA. */
function classic({ networkCards, efaCards }: InstanceNetwork): readonly Nic[] | undefined {
  if (efaCards.length !== networkCards) {
    return undefined;
  }
  return efaCards.map((networkCard) =>
    networkCard === 0
      ? { networkCard, deviceIndex: 0, type: "efa" }
      : { networkCard, deviceIndex: 1, type: "efa-only" },
  );
}

function maximumIp(network: InstanceNetwork): readonly Nic[] | undefined {
  if (network.maximumIpCards.length === 0) {
    return undefined;
  }
  const further = network.maximumIpCards.map((networkCard): Nic => ({
    networkCard,
    deviceIndex: 1,
    type: "interface",
  }));
  return [...recommended(network), ...further];
}
