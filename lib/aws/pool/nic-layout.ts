import type { InstanceFacts } from "./instance-facts";

type InstanceNetwork = NonNullable<InstanceFacts["network"]>;

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
  const { networkCards, efaCards, maximumIpCards } = network;
  if (efaCards.length === 0) {
    return undefined;
  }
  switch (layout) {
    case NicLayout.RECOMMENDED:
      return recommended(network);
    case NicLayout.CLASSIC:
      // One interface per card, which is impossible where a card has no EFA.
      return efaCards.length === networkCards
        ? efaCards.map((card) => (card === 0 ? { ...PRIMARY, type: "efa" } : onCard(card, 1, "efa-only")))
        : undefined;
    case NicLayout.MAXIMUM_IP:
      return maximumIpCards.length === 0
        ? undefined
        : [...recommended(network), ...maximumIpCards.map((card) => onCard(card, 1, "interface"))];
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
  // An EFA-only interface is never the primary one, which has device index 0 of card 0.
  return [PRIMARY, ...efaCards.map((card) => onCard(card, card === 0 ? 1 : 0, "efa-only"))];
}

function onCard(networkCard: number, deviceIndex: number, type: NicType): Nic {
  return { networkCard, deviceIndex, type };
}
