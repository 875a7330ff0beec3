import {
  addressesOf,
  efaDevicesOf,
  type Nic,
  nicLayout,
  NicLayout,
} from "../../../../lib/aws/pool/nic-layout";
import {
  allInstanceTypes,
  findInstanceNetwork,
  type InstanceNetwork,
} from "../../../../lib/catalog/instance-types";

/**
 * Written down from AWS's page on accelerated types with several network cards (and its general rule, where a type
 * has no section): `card/device:type`, ranges of cards as `first..last`.
 */
const ADVISED: readonly [type: string, nics: number, addresses: number, efa: number, layout: string][] = [
  ["p3dn.24xlarge", 1, 1, 1, "0/0:efa"],
  ["p4d.24xlarge", 5, 1, 4, "0/0:interface 0/1:efa-only 1..3/0:efa-only"],
  ["p4de.24xlarge", 5, 1, 4, "0/0:interface 0/1:efa-only 1..3/0:efa-only"],
  ["p5.4xlarge", 1, 1, 1, "0/0:efa"],
  ["p5.48xlarge", 33, 1, 32, "0/0:interface 0/1:efa-only 1..31/0:efa-only"],
  ["p5e.48xlarge", 33, 1, 32, "0/0:interface 0/1:efa-only 1..31/0:efa-only"],
  ["p5en.48xlarge", 17, 1, 16, "0/0:interface 0/1:efa-only 1..15/0:efa-only"],
  ["p6-b200.48xlarge", 9, 1, 8, "0/0:interface 0/1:efa-only 1..7/0:efa-only"],
  ["p6-b300.48xlarge", 17, 1, 16, "0/0:interface 1..16/0:efa-only"],
  ["p6e-gb200.36xlarge", 5, 1, 4, "0/0:interface 1/0:efa-only 5/0:efa-only 9/0:efa-only 13/0:efa-only"],
  ["g5.12xlarge", 1, 1, 1, "0/0:efa"],
  ["g5.24xlarge", 1, 1, 1, "0/0:efa"],
  ["g5.48xlarge", 1, 1, 1, "0/0:efa"],
  ["g6.12xlarge", 1, 1, 1, "0/0:efa"],
  ["g6.24xlarge", 1, 1, 1, "0/0:efa"],
  ["g6.48xlarge", 1, 1, 1, "0/0:efa"],
  ["g6e.12xlarge", 1, 1, 1, "0/0:efa"],
  ["g6e.24xlarge", 3, 1, 2, "0/0:interface 0/1:efa-only 1/0:efa-only"],
  ["g6e.48xlarge", 5, 1, 4, "0/0:interface 0/1:efa-only 1..3/0:efa-only"],
  ["g7.12xlarge", 1, 1, 1, "0/0:efa"],
  ["g7.24xlarge", 1, 1, 1, "0/0:efa"],
  ["g7.48xlarge", 3, 1, 2, "0/0:interface 0/1:efa-only 1/0:efa-only"],
  ["g7e.12xlarge", 1, 1, 1, "0/0:efa"],
  ["g7e.24xlarge", 3, 1, 2, "0/0:interface 0/1:efa-only 1/0:efa-only"],
  ["g7e.48xlarge", 5, 1, 4, "0/0:interface 0/1:efa-only 1..3/0:efa-only"],
  ["trn1.32xlarge", 9, 1, 8, "0/0:interface 0/1:efa-only 1..7/0:efa-only"],
  ["trn1n.32xlarge", 17, 1, 16, "0/0:interface 0/1:efa-only 1..15/0:efa-only"],
  ["trn2.3xlarge", 1, 1, 1, "0/0:efa"],
  ["trn2.48xlarge", 17, 1, 16, "0/0:interface 0/1:efa-only 1..15/0:efa-only"],
];

/** Written down from AWS's former text (its NCCL tutorial): the first card does both, one EFA-only interface a card. */
const CLASSIC: readonly [type: string, nics: number, layout: string][] = [
  ["p3dn.24xlarge", 1, "0/0:efa"],
  ["p4d.24xlarge", 4, "0/0:efa 1..3/1:efa-only"],
  ["p4de.24xlarge", 4, "0/0:efa 1..3/1:efa-only"],
  ["p5.4xlarge", 1, "0/0:efa"],
  ["p5.48xlarge", 32, "0/0:efa 1..31/1:efa-only"],
  ["p5e.48xlarge", 32, "0/0:efa 1..31/1:efa-only"],
  ["p5en.48xlarge", 16, "0/0:efa 1..15/1:efa-only"],
  ["p6-b200.48xlarge", 8, "0/0:efa 1..7/1:efa-only"],
  ["g5.12xlarge", 1, "0/0:efa"],
  ["g5.24xlarge", 1, "0/0:efa"],
  ["g5.48xlarge", 1, "0/0:efa"],
  ["g6.12xlarge", 1, "0/0:efa"],
  ["g6.24xlarge", 1, "0/0:efa"],
  ["g6.48xlarge", 1, "0/0:efa"],
  ["g6e.12xlarge", 1, "0/0:efa"],
  ["g6e.24xlarge", 2, "0/0:efa 1/1:efa-only"],
  ["g6e.48xlarge", 4, "0/0:efa 1..3/1:efa-only"],
  ["g7.12xlarge", 1, "0/0:efa"],
  ["g7.24xlarge", 1, "0/0:efa"],
  ["g7.48xlarge", 2, "0/0:efa 1/1:efa-only"],
  ["g7e.12xlarge", 1, "0/0:efa"],
  ["g7e.24xlarge", 2, "0/0:efa 1/1:efa-only"],
  ["g7e.48xlarge", 4, "0/0:efa 1..3/1:efa-only"],
  ["trn1.32xlarge", 8, "0/0:efa 1..7/1:efa-only"],
  ["trn1n.32xlarge", 16, "0/0:efa 1..15/1:efa-only"],
  ["trn2.3xlarge", 1, "0/0:efa"],
  ["trn2.48xlarge", 16, "0/0:efa 1..15/1:efa-only"],
];
/** Card 0 of the one has no EFA, of the cards of the other only every fourth is used. */
const WITHOUT_CLASSIC = ["p6-b300.48xlarge", "p6e-gb200.36xlarge"];

const MAXIMUM_IP: readonly [type: string, addresses: number, further: readonly number[]][] = [
  ["p5.48xlarge", 8, [4, 8, 12, 16, 20, 24, 28]],
  ["p5e.48xlarge", 8, [4, 8, 12, 16, 20, 24, 28]],
  ["p6-b200.48xlarge", 8, [1, 2, 3, 4, 5, 6, 7]],
  ["p6-b300.48xlarge", 17, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]],
];

const WITHOUT_EFA = [
  "g6.xlarge",
  "g6.2xlarge",
  "trn1.2xlarge",
  "inf2.xlarge",
  "inf2.8xlarge",
  "inf2.24xlarge",
  "inf2.48xlarge",
];

describe("the advised layout", () => {
  it.each(ADVISED)(
    "of %s: %i interfaces, %i address, %i EFA devices",
    (type, count, addresses, efa, text) => {
      const nics = layoutOf(type, NicLayout.RECOMMENDED);
      expect(nics).toEqual(parse(text));
      expect([nics?.length, addressesOf(nics!), efaDevicesOf(nics!)]).toEqual([count, addresses, efa]);
    },
  );

  it("is written down for every accelerated type of the catalogue that has EFA, and for no other", () => {
    const all = allInstanceTypes().flatMap(({ id, accelerator }) => (accelerator === null ? [] : id));
    expect([...ADVISED.map(([type]) => type), ...WITHOUT_EFA].sort()).toEqual([...all].sort());
  });
});

describe("the classic layout", () => {
  it.each(CLASSIC)("of %s: %i interfaces", (type, count, text) => {
    const nics = layoutOf(type, NicLayout.CLASSIC);
    expect(nics).toEqual(parse(text));
    expect([nics?.length, addressesOf(nics!), efaDevicesOf(nics!)]).toEqual([count, 1, count]);
  });

  it.each(WITHOUT_CLASSIC)("does not exist for %s", (type) => {
    expect(layoutOf(type, NicLayout.CLASSIC)).toBeUndefined();
  });

  it("is written down, or ruled out, for every type that has EFA", () => {
    const said = [...CLASSIC.map(([type]) => type), ...WITHOUT_CLASSIC];
    expect(said.sort()).toEqual(ADVISED.map(([type]) => type).sort());
  });
});

describe("the layout with the most IP bandwidth", () => {
  it.each(MAXIMUM_IP)("of %s: %i addresses", (type, addresses, further) => {
    const nics = layoutOf(type, NicLayout.MAXIMUM_IP)!;
    expect(addressesOf(nics)).toBe(addresses);
    expect(efaDevicesOf(nics)).toBe(efaDevicesOf(layoutOf(type, NicLayout.RECOMMENDED)!));
    expect(nics.filter((nic) => nic.type === "interface").slice(1)).toEqual(
      further.map((networkCard) => ({ networkCard, deviceIndex: 1, type: "interface" })),
    );
  });

  it("exists only where AWS describes it", () => {
    const described = allInstanceTypes().filter(({ id }) => layoutOf(id, NicLayout.MAXIMUM_IP));
    expect(described.map(({ id }) => id)).toEqual(MAXIMUM_IP.map(([type]) => type));
  });
});

describe.each(Object.values(NicLayout))("every '%s' layout", (layout) => {
  const layouts = allInstanceTypes()
    .map(({ id }) => [id, layoutOf(id, layout)] as const)
    .filter((entry): entry is [string, readonly Nic[]] => entry[1] !== undefined);

  it.each(layouts)("of %s fits on the cards", (type, nics) => {
    const { networkCards, interfacesPerCard } = networkOf(type);
    const places = nics.map((nic) => `${nic.networkCard}/${nic.deviceIndex}`);
    expect(new Set(places).size).toBe(nics.length);
    expect(nics[0]).toMatchObject({ networkCard: 0, deviceIndex: 0 });
    expect(nics[0].type).not.toBe("efa-only");
    for (let card = 0; card < networkCards; card++) {
      const onCard = nics.filter((nic) => nic.networkCard === card);
      expect(onCard.filter((nic) => nic.type !== "interface").length).toBeLessThanOrEqual(1);
      expect(onCard.length).toBeLessThanOrEqual(interfacesPerCard ?? Infinity);
    }
    expect(nics.every((nic) => nic.networkCard < networkCards)).toBe(true);
  });
});

describe("without EFA", () => {
  it.each(WITHOUT_EFA)("%s has no EFA layout", (type) => {
    for (const layout of Object.values(NicLayout)) {
      expect(layoutOf(type, layout)).toBeUndefined();
    }
  });

  it("one plain interface is all, on every type", () => {
    for (const { id } of allInstanceTypes()) {
      expect(nicLayout(networkOf(id), NicLayout.RECOMMENDED, false)).toEqual(parse("0/0:interface"));
    }
  });
});

function layoutOf(type: string, layout: NicLayout): readonly Nic[] | undefined {
  return nicLayout(networkOf(type), layout, true);
}

function networkOf(type: string): InstanceNetwork {
  const network = findInstanceNetwork(type);
  if (network === undefined) {
    throw new Error(`no network of '${type}'`);
  }
  return network;
}

function parse(text: string): Nic[] {
  return text.split(" ").flatMap((word) => {
    const [, first, last, device, type] = /^(\d+)(?:\.\.(\d+))?\/(\d):(.+)$/.exec(word)!;
    const cards = Array.from(
      { length: Number(last ?? first) - Number(first) + 1 },
      (_, i) => Number(first) + i,
    );
    return cards.map((networkCard) => ({
      networkCard,
      deviceIndex: Number(device),
      type: type as Nic["type"],
    }));
  });
}
