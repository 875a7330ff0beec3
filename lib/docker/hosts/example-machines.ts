import { isIPv4 } from "node:net";
import { isDocumentationAddress } from "../../topology/plan/addressing";
import type { Machine } from "./host-machine";

/** Names for documentation (RFC 2606, RFC 6761). */
const NAMES = /(^|\.)(example(\.(com|net|org))?|invalid)$/i;

/**
 * Why nothing may be deployed to machines that only exist in examples.
 *
 * @param where the user replaces them, e.g. `machines.yaml`
 * @returns none for the machines of a user
 */
export function exampleRefusals(machines: readonly Machine[], where: string): readonly string[] {
  const examples = machines.filter(isExample);
  if (examples.length === 0) {
    return [];
  }
  const hosts = examples.map(({ name, sshHost, address }) => `${name} (${sshHost}, ${address})`);
  return [
    `${hosts.length === 1 ? "Host" : "Hosts"} ${hosts.join(", ")} still ${hosts.length === 1 ? "has" : "have"} ` +
      `example addresses. Replace them in ${where}.`,
  ];
}

/** Whether the machine exists in examples only. */
export function isExample({ sshHost, address }: Machine): boolean {
  return [sshHost, address].some((host) => (isIPv4(host) ? isDocumentationAddress(host) : NAMES.test(host)));
}
