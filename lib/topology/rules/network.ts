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
import type { Place } from "../plan/place";
import { type ClusterSpec, countableNodes } from "../plan/spec";
import type { Finding, PlanFacts, Rule } from "./rule";
import { didYouMean, show } from "../../problems/text";

/** Ranges of ipaddr.js in which a cluster network may lie. */
const INTERNAL_RANGES = ["private", "carrierGradeNat"];

export const networkRules: readonly Rule[] = [
  {
    id: "RC020",
    level: "error",
    title: "The cluster network is an IPv4 CIDR",
    why: "Each node finds its address and interface by this network; a wrong one matches nothing, or two interfaces.",
    check: (_, { place }) => {
      return usableSubnet(place)
        ? []
        : [
            {
              path: "backend.subnetCidr",
              got: show(place.subnetCidr),
              allowed: "must be an IPv4 network of prefix 8 to 30 without host bits",
              fix: `use '${maskedSubnet(place.subnetCidr) ?? "10.89.28.0/24"}'`,
            },
          ];
    },
  },
  {
    id: "RC021",
    level: "error",
    title: "Every node of a pool has an address, or none of them",
    why: "The head waits for the planned addresses; a missing one would be waited for in vain.",
    check: (spec, { place }) =>
      spec.pools.flatMap((pool) => {
        const addresses = place.addresses[pool.name];
        // Other rules speak where the count, the name or the network is the mistake.
        const judged =
          countableNodes(pool) === pool.nodes &&
          spec.pools.filter((other) => other.name === pool.name).length === 1 &&
          usableSubnet(place) !== undefined;
        return addresses === undefined || addresses.length === pool.nodes || !judged
          ? []
          : [
              {
                path: addressesPath(pool.name),
                got: String(addresses.length),
                allowed: `must hold ${pool.nodes} addresses, one for each node`,
                fix:
                  addresses.length < pool.nodes
                    ? "use a larger subnet, name more machines or plan fewer nodes"
                    : `name only ${pool.nodes} machines or plan ${addresses.length} nodes`,
              },
            ];
      }),
  },
  {
    id: "RC022",
    level: "error",
    title: "Every address is a host of the cluster network",
    why: "A node takes its address from the interface on this network and refuses one that is not its own.",
    check: (_, facts) =>
      eachAddress(facts, (address, path) => {
        const subnet = usableSubnet(facts.place);
        const valid = isAddress(address) && (!subnet || isHostAddress(subnet, address));
        return valid
          ? []
          : [
              {
                path,
                got: show(address),
                allowed: `must be an IPv4 address of a host in ${facts.place.subnetCidr}`,
                fix: "give the address that the machine has on the cluster network",
              },
            ];
      }),
  },
  {
    id: "RC023",
    level: "error",
    title: "No address is given twice",
    why: "Ray knows a node by its address; two machines of one address are one node that comes and goes.",
    check: checkDuplicates,
  },
  {
    id: "RC024",
    level: "error",
    title: "The cluster network is internal",
    why: "Ray's ports run code for whoever reaches them; on a public network that is anyone.",
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
      return range === undefined
        ? []
        : [
            {
              path: "backend.subnetCidr",
              got: `${show(place.subnetCidr)} (${range === "unicast" ? "public" : range})`,
              allowed: "must lie in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
              fix: "use the machines' internal network",
            },
          ];
    },
  },
  {
    id: "RC025",
    level: "error",
    title: "Addresses are given for pools that exist",
    why: "Addresses under a mistyped pool name would be ignored in silence.",
    check: (spec, { place }) => {
      const pools = spec.pools.map((pool) => pool.name);
      return Object.keys(place.addresses)
        .filter((name) => !pools.includes(name))
        .map((name) => ({
          path: addressesPath(name),
          got: show(name),
          allowed: `must name a pool of the cluster (${pools.join(", ")})`,
          fix: didYouMean(name, pools, "remove it or add the pool"),
        }));
    },
  },
  {
    id: "RC026",
    level: "error",
    title: "The head's address is decided by the plan",
    why: "Nodes start in parallel because all of them know the head's address beforehand.",
    check: (spec, { place }) =>
      spec.pools.length === 0 ||
      place.addresses[spec.pools[0].name] !== undefined ||
      place.headAddress !== undefined
        ? []
        : [
            {
              path: addressesPath(spec.pools[0].name),
              got: "no addresses",
              allowed: "must hold the address of the head, the first node of the first pool",
              fix: "put a pool with given addresses first, e.g. a pool of one node for the head",
            },
          ],
  },
  {
    id: "RC027",
    level: "error",
    title: "Nodes on different machines use the host's network",
    why: "Ray and the collectives open ports in both directions; behind a bridge the other machines cannot reach them.",
    check: (_, { place, nodes }) =>
      place.networkMode === "host" || place.emulated || nodes.length < 2
        ? []
        : [
            {
              path: "backend.networkMode",
              got: show(place.networkMode),
              allowed: "must be 'host' with more than one machine",
              fix: "use the host's network",
            },
          ],
  },
];

/** The cluster network; `undefined` where RC020 already says that it is none. */
function usableSubnet(place: Place): Subnet | undefined {
  const subnet = parseSubnet(place.subnetCidr);
  return subnet && subnet.prefix >= 8 && subnet.prefix <= 30 ? subnet : undefined;
}

function checkDuplicates(_: ClusterSpec, facts: PlanFacts): readonly Finding[] {
  const owners = new Map<number, string>();
  return eachAddress(facts, (address, path) => {
    if (!isAddress(address)) {
      return [];
    }
    const number = addressNumber(address);
    const owner = owners.get(number);
    owners.set(number, owner ?? path);
    return owner === undefined
      ? []
      : [
          {
            path,
            got: show(address),
            allowed: `must differ from ${owner}`,
            fix: "give every machine its own address",
          },
        ];
  });
}

function eachAddress(
  { place }: PlanFacts,
  check: (address: string, path: string) => readonly Finding[],
): readonly Finding[] {
  return [
    ...(place.headAddress === undefined ? [] : check(place.headAddress, "backend.headAddress")),
    ...Object.entries(place.addresses).flatMap(([pool, addresses]) =>
      addresses.flatMap((address, index) => check(address, `${addressesPath(pool)}[${index}]`)),
    ),
  ];
}

function addressesPath(pool: string): string {
  return `backend.addresses.${pool}`;
}
