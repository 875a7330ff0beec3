import * as fc from "fast-check";
import {
  addressNumber,
  addressText,
  isDocumentationAddress,
  isHostAddress,
  localAddresses,
  maskedSubnet,
  parseSubnet,
} from "../../../../lib/topology/plan/addressing";

test("localAddresses start at the tenth host, pool by pool", () => {
  const pools = [
    { name: "head", nodes: 1 },
    { name: "gpu", nodes: 2 },
  ];
  expect(localAddresses("10.89.28.0/24", pools)).toEqual({
    head: ["10.89.28.10"],
    gpu: ["10.89.28.11", "10.89.28.12"],
  });
});

test("localAddresses continue across the boundary of a byte", () => {
  const { a } = localAddresses("10.89.28.0/22", [{ name: "a", nodes: 300 }]);
  expect([a.length, a[245], a[246], a[299]]).toEqual([300, "10.89.28.255", "10.89.29.0", "10.89.29.53"]);
});

test("localAddresses of a subnet that is too small end before its broadcast address", () => {
  expect(localAddresses("10.89.28.0/28", [{ name: "a", nodes: 9 }]).a).toEqual([
    "10.89.28.10",
    "10.89.28.11",
    "10.89.28.12",
    "10.89.28.13",
    "10.89.28.14",
  ]);
  expect(localAddresses("10.89.28.0/30", [{ name: "a", nodes: 1 }]).a).toEqual([]);
});

test("localAddresses of an invalid subnet or count are empty, and of a huge count bounded", () => {
  expect(localAddresses("no network", [{ name: "a", nodes: 2 }])).toEqual({ a: [] });
  expect(localAddresses("10.0.0.0/8", [{ name: "a", nodes: -3 }])).toEqual({ a: [] });
  expect(localAddresses("10.0.0.0/8", [{ name: "a", nodes: NaN }])).toEqual({ a: [] });
  expect(localAddresses("10.0.0.0/8", [{ name: "a", nodes: 1e9 }]).a).toHaveLength(1024);
});

test.each([
  ["10.89.28.0/24", { network: 173612032, broadcast: 173612287, prefix: 24 }],
  ["0.0.0.0/0", { network: 0, broadcast: 4294967295, prefix: 0 }],
  ["255.255.255.255/32", { network: 4294967295, broadcast: 4294967295, prefix: 32 }],
  ["10.89.28.1/24", undefined],
  ["10.89.28.0/33", undefined],
  ["10.89.28/24", undefined],
  ["10.89.28.0", undefined],
  ["10.89.256.0/24", undefined],
  ["fd00::/64", undefined],
  ["", undefined],
])("parseSubnet reads '%s'", (cidr, expected) => {
  expect(parseSubnet(cidr)).toEqual(expected);
});

test.each([
  ["10.89.28.7/24", "10.89.28.0/24"],
  ["172.17.3.4/12", "172.16.0.0/12"],
  ["10.89.28.7/33", undefined],
  ["10.89.28.7", undefined],
  ["x/24", undefined],
])("maskedSubnet of %s is %s", (cidr, expected) => {
  expect(maskedSubnet(cidr)).toBe(expected);
});

test("addressText is the inverse of addressNumber", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      (value) => addressNumber(addressText(value)) === value,
    ),
  );
});

test("localAddresses are different hosts of any subnet", () => {
  const subnet = fc.record({
    value: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    prefix: fc.integer({ min: 8, max: 30 }),
  });
  const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 4 });
  fc.assert(
    fc.property(subnet, sizes, ({ value, prefix }, nodes) => {
      const cidr = `${addressText(value - (value % 2 ** (32 - prefix)))}/${prefix}`;
      const parsed = parseSubnet(cidr);
      const all = Object.values(
        localAddresses(
          cidr,
          nodes.map((count, index) => ({ name: `p${index}`, nodes: count })),
        ),
      ).flat();
      return (
        parsed !== undefined &&
        new Set(all).size === all.length &&
        all.every((address) => isHostAddress(parsed, address))
      );
    }),
  );
});

test.each([
  ["192.0.2.0", true],
  ["192.0.2.255", true],
  ["198.51.100.1", true],
  ["203.0.113.1", true],
  ["192.0.3.0", false],
  ["240.0.0.1", false],
  ["10.0.0.1", false],
])("isDocumentationAddress of %s is %s", (address, expected) => {
  expect(isDocumentationAddress(address)).toBe(expected);
});
