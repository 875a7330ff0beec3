import * as ipaddr from "ipaddr.js";
import { MAXIMUM_NODES } from "./limits";

/** A parsed IPv4 network. */
export interface Subnet {
  /** Address of the network, as a number. */
  readonly network: number;
  readonly broadcast: number;
  readonly prefix: number;
}

/** The network that a CIDR names; `undefined` where the text is no IPv4 CIDR or has host bits set. */
export function parseSubnet(cidr: string): Subnet | undefined {
  const match = /^(\d+\.\d+\.\d+\.\d+)\/(\d{1,2})$/.exec(cidr);
  if (!match || !isAddress(match[1]) || Number(match[2]) > 32) {
    return undefined;
  }
  const network = addressNumber(match[1]);
  const prefix = Number(match[2]);
  const size = 2 ** (32 - prefix);
  return network % size === 0 ? { network, broadcast: network + size - 1, prefix } : undefined;
}

/** The network in which a host of this CIDR lies: `10.89.28.7/24` gives `10.89.28.0/24`. */
export function maskedSubnet(cidr: string): string | undefined {
  const [address, prefix] = cidr.split("/");
  if (!isAddress(address) || !/^([89]|[12]\d|30)$/.test(prefix ?? "")) {
    return undefined;
  }
  const size = 2 ** (32 - Number(prefix));
  return `${addressText(addressNumber(address) - (addressNumber(address) % size))}/${prefix}`;
}

/** Whether the text is an IPv4 address in its usual form. */
export function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text);
}

/** Whether a host of the subnet can have this address. */
export function isHostAddress(subnet: Subnet, address: string): boolean {
  const number = addressNumber(address);
  return number > subnet.network && number < subnet.broadcast;
}

/** Kind of address range, e.g. `private`, `carrierGradeNat`, `loopback`, `unicast` (public). */
export function addressRange(address: string): string {
  return ipaddr.IPv4.parse(address).range();
}

/** Networks reserved for documentation; no machine has such an address (RFC 5737). */
const DOCUMENTATION_NETWORKS = ["192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"];

export function isDocumentationAddress(address: string): boolean {
  return DOCUMENTATION_NETWORKS.some((network) =>
    ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(network)),
  );
}

/** Numerical value of an IPv4 address, for comparing. */
export function addressNumber(address: string): number {
  return ipaddr.IPv4.parse(address).octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** Hosts below this offset are left to the gateway and to short-lived containers. */
const FIRST_HOST = 10;

/**
 * Addresses of nodes on a network of our own: `.10`, `.11`, ... pool by pool.
 *
 * @param subnetCidr IPv4 CIDR of the network
 * @returns addresses by pool; empty lists for an invalid CIDR. A list is shorter than its pool where
 *          the subnet ends: the plan reports both (RC020, RC021).
 */
export function localAddresses(
  subnetCidr: string,
  pools: readonly { readonly name: string; readonly nodes: number }[],
): { readonly [pool: string]: readonly string[] } {
  const subnet = parseSubnet(subnetCidr);
  const result: { [pool: string]: readonly string[] } = {};
  let next = subnet ? subnet.network + FIRST_HOST : 0;
  for (const pool of pools) {
    const free = subnet ? Math.max(subnet.broadcast - next, 0) : 0;
    const count = Number.isInteger(pool.nodes) ? Math.min(Math.max(pool.nodes, 0), free, MAXIMUM_NODES) : 0;
    result[pool.name] = Array.from({ length: count }, (_, index) => addressText(next + index));
    next += count;
  }
  return result;
}

/** The usual form of an IPv4 address. */
export function addressText(value: number): string {
  return new ipaddr.IPv4([24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256)).toString();
}
