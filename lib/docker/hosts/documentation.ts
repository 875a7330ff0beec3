import { isIPv4 } from "node:net";
import { isDocumentationAddress } from "../../topology/plan/addressing";
import type { Machine } from "./host-machine";

/** Names for documentation (RFC 2606, RFC 6761). */
const NAMES = /(^|\.)(example(\.(com|net|org))?|invalid)$/i;

/** Machines that stand for those of the reader: whoever deploys has to name their own. */
export function documentationMachines(machines: readonly Machine[]): readonly Machine[] {
  return machines.filter(
    ({ sshHost, address }) => isForDocumentation(sshHost) || isForDocumentation(address),
  );
}

function isForDocumentation(host: string): boolean {
  return isIPv4(host) ? isDocumentationAddress(host) : NAMES.test(host);
}
