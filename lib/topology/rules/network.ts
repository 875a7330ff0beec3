import { parseVersion } from "../../catalog/ray-versions";
import { repeated, unless } from "../../problems/checks";
import { errorRule } from "../../problems/rule";
import { didYouMean, show } from "../../problems/text";
import {
  addressNumber,
  addressRange,
  addressText,
  isAddress,
  isDocumentationAddress,
  isHostAddress,
  maskedSubnet,
  parseSubnet,
  type Subnet,
} from "../plan/addressing";
import { hasTokenAuthentication } from "../plan/authentication";
import type { Place } from "../plan/place";
import { countableNodes } from "../plan/spec";
import type { ClusterRule } from "./rule";

/** Ranges of ipaddr.js in which a cluster network may lie. */
const INTERNAL_RANGES = ["private", "carrierGradeNat"];

export const networkRules: readonly ClusterRule[] = [
  errorRule("RC020", {
    title: "The cluster network is an IPv4 CIDR",
    why: "Each node finds its address and interface by this network; a wrong one matches no interface, or two.",
    check: (_, { place }) =>
      !usableSubnet(place) && {
        path: "backend.subnetCidr",
        got: show(place.subnetCidr),
        must: "be an IPv4 network with a prefix length of 8 to 30 and no host bits set",
        fix: `use '${maskedSubnet(place.subnetCidr) ?? "10.89.28.0/24"}'`,
      },
  }),
  errorRule("RC021", {
    title: "Either all nodes of a pool have a planned address, or none",
    why: "The head waits for the planned addresses, and would wait in vain for a missing one.",
    check: ({ pools }, { place }) =>
      pools.flatMap((pool) => {
        const addresses = place.addresses[pool.name];
        // Other rules report a wrong count, name or network.
        const judged =
          countableNodes(pool) === pool.nodes &&
          pools.filter((other) => other.name === pool.name).length === 1 &&
          usableSubnet(place) !== undefined;
        return (
          addresses !== undefined &&
          addresses.length !== pool.nodes &&
          judged && {
            path: addressesPath(pool.name),
            got: String(addresses.length),
            must: `list ${pool.nodes} addresses, one for each node`,
            fix:
              addresses.length < pool.nodes
                ? "use a larger subnet, add machines or plan fewer nodes"
                : `list only ${pool.nodes} machines or plan ${addresses.length} nodes`,
          }
        );
      }),
  }),
  errorRule("RC022", {
    title: "Every address is a host address in the cluster network",
    why: "A node takes its address from its interface on this network and rejects any other.",
    check: (_, { place }) => {
      const subnet = usableSubnet(place);
      return allAddresses(place)
        .filter(({ value }) => !isAddress(value) || (subnet && !isHostAddress(subnet, value)))
        .map(({ path, value }) => ({
          path,
          got: show(value),
          must: `be the IPv4 address of a host in ${place.subnetCidr}`,
          fix: "use the machine's address on the cluster network",
        }));
    },
  }),
  errorRule("RC023", {
    title: "No address is used twice",
    why: "Ray identifies a node by its address; two machines with one address look like one node that comes and goes.",
    check: (_, { place }) =>
      repeated(
        allAddresses(place)
          .filter(({ value }) => isAddress(value))
          .map(({ path, value }) => ({ path, value: addressNumber(value) })),
      ).map(({ path, value, first }) => ({
        path,
        got: show(addressText(value)),
        must: `differ from ${first}`,
        fix: "give every machine its own address",
      })),
  }),
  errorRule("RC024", {
    title: "The cluster network is internal",
    why: "Ray runs code for anyone who reaches its ports; on a public network that is everyone.",
    check: (_, { place }) => {
      const subnet = usableSubnet(place);
      const range =
        subnet &&
        [subnet.network, subnet.broadcast]
          .map((end) => addressText(end))
          // Nobody can deploy to such a network, so nobody can reach a port there.
          .filter((end) => !isDocumentationAddress(end))
          .map((end) => addressRange(end))
          .find((name) => !INTERNAL_RANGES.includes(name));
      return unless(range === undefined, {
        path: "backend.subnetCidr",
        got: `${show(place.subnetCidr)} (${range === "unicast" ? "public" : range})`,
        must: "lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        fix: "use the machines' internal network",
      });
    },
  }),
  errorRule("RC025", {
    title: "Addresses belong to pools that exist",
    why: "Addresses under a mistyped pool name would be ignored silently.",
    check: ({ pools }, { place }) => {
      const names = pools.map((pool) => pool.name);
      return Object.keys(place.addresses)
        .filter((name) => !names.includes(name))
        .map((name) => ({
          path: addressesPath(name),
          got: show(name),
          must: `be the name of a pool (${names.join(", ")})`,
          fix: didYouMean(name, names, "remove it or add the pool"),
        }));
    },
  }),
  errorRule("RC026", {
    title: "The plan knows the head's address",
    why: "Nodes start in parallel, so all of them must know the head's address beforehand.",
    check: ({ pools: [first] }, { place }) =>
      first !== undefined &&
      place.addresses[first.name] === undefined &&
      place.headAddress === undefined && {
        path: addressesPath(first.name),
        got: "no addresses",
        must: "include the address of the head, the first node of the first pool",
        fix: "put a pool with known addresses first, e.g. one with a single node for the head",
      },
  }),
  errorRule("RC027", {
    title: "Nodes on different machines use the host's network",
    why: "Ray and the collectives open ports in both directions; behind a bridge other machines cannot reach them.",
    check: (_, { place, nodes }) =>
      place.networkMode !== "host" &&
      !place.emulated &&
      nodes.length >= 2 && {
        path: "backend.networkMode",
        got: show(place.networkMode),
        must: "be 'host' with more than one machine",
        fix: "use the host's network",
      },
  }),
  errorRule("RC028", {
    title: "Something closes the ports of a Ray that cannot authenticate",
    why: "Whoever reaches one of them is root in the containers.",
    check: ({ image }, { place }) =>
      parseVersion(image.rayVersion) &&
      !hasTokenAuthentication(image.rayVersion) &&
      place.closedBy === undefined && {
        path: "backend.packetFilter",
        got: "nothing that closes the ports",
        must: `close the ports of Ray ${image.rayVersion}, which cannot authenticate`,
        fix: "leave packetFilter out for the machines' own nftables, or name what closes them: PacketFilter.by('...')",
      },
  }),
  errorRule("RC029", {
    title: "Clients of the packet filter are IPv4 CIDRs",
    why: "nftables would refuse the rules on every machine.",
    check: (_, { place: { clientCidrs = [] } }) =>
      clientCidrs.map((cidr, index) =>
        unless(parseSubnet(cidr) !== undefined, {
          path: `backend.packetFilter.clientCidrs[${index}]`,
          got: show(cidr),
          must: "be an IPv4 network without host bits",
          fix: `use '${maskedSubnet(cidr) ?? "10.0.0.0/8"}'`,
        }),
      ),
  }),
];

/** The cluster network; `undefined` where RC020 reports it. */
function usableSubnet(place: Place): Subnet | undefined {
  const subnet = parseSubnet(place.subnetCidr);
  return subnet && subnet.prefix >= 8 && subnet.prefix <= 30 ? subnet : undefined;
}

function allAddresses(place: Place): readonly { readonly path: string; readonly value: string }[] {
  return [
    ...(place.headAddress === undefined ? [] : [{ path: "backend.headAddress", value: place.headAddress }]),
    ...Object.entries(place.addresses).flatMap(([pool, addresses]) =>
      addresses.map((value, index) => ({ path: `${addressesPath(pool)}[${index}]`, value })),
    ),
  ];
}

function addressesPath(pool: string): string {
  return `backend.addresses.${pool}`;
}
