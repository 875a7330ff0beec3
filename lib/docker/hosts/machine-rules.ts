import { isIP } from "node:net";
import { isAbsolutePath, isWhole } from "../../problems/checks";
import { errorRule, type Topic } from "../../problems/rule";
import { oneOf } from "../../problems/text";
import { distinctRule, type ValueRule, valueRule, valuesAt } from "../../problems/value-rule";
import { isInService, STATUSES } from "./host-machine";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";

const ARCHITECTURES = ["amd64", "arm64"];
/** Does not begin with a dash: that would be an option of ssh. */
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;

const valuesOf = ({ machines }: HostsDeclaration, property: string) =>
  valuesAt(machines, `[].${property}`, "backend.hosts");
/** Of every machine that has the property. */
const each = (rule: ValueRule): HostsRule => valueRule(rule, valuesOf);

const rules: readonly HostsRule[] = [
  errorRule("RC301", {
    title: "There is at least one machine in service",
    why: "Every node of a cluster runs on a machine of its own.",
    check: ({ machines, inventory }) =>
      machines.some(isInService) || inventory?.findings.kind.some(({ path }) => path === "backend.hosts")
        ? []
        : {
            path: "backend.hosts",
            got: machines.length === 0 ? "no machine" : "no machine in service",
            must: "list one machine for each node",
            fix: "add the machines",
          },
  }),
  each({
    id: "RC302",
    title: "A machine has a name that messages can use",
    why: "The name is part of messages and of lines that scripts read.",
    at: "name",
    is: /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/,
    must: "be 1 to 63 lower-case letters, digits, dashes and dots",
    fix: "use the machine's own name, e.g. 'atlas-01'",
  }),
  distinctRule(
    {
      id: "RC303",
      title: "No two machines have the same name",
      why: "Messages name the machine that failed.",
      fix: "give every machine a different name",
    },
    (declaration) => valuesOf(declaration, "name"),
  ),
  each({
    id: "RC304",
    title: "The target of ssh is a host name or an address",
    why: "User and port are properties of their own, and a leading dash would be an option of ssh.",
    at: "sshHost",
    is: (host: string) => HOST_NAME.test(host) || isIP(host) !== 0,
    must: "be a host name or an address",
    fix: "write it without user and port: those are sshUser and sshPort",
  }),
  distinctRule(
    {
      id: "RC305",
      title: "No two entries are the same machine",
      why: "A machine runs one node of a cluster.",
      fix: "list each machine once",
    },
    ({ machines }) =>
      machines.map(({ sshHost, sshPort }, index) => ({
        path: `backend.hosts[${index}].sshHost`,
        value: sshHost && `${sshHost}:${sshPort}`,
      })),
  ),
  each({
    id: "RC306",
    title: "The user of ssh has a valid name",
    why: "A leading dash would be an option of ssh.",
    at: "sshUser",
    is: /^[A-Za-z_][A-Za-z0-9_.-]*$/,
    must: "be a user name",
    fix: "use 'root', or a member of the group 'docker'",
  }),
  each({
    id: "RC307",
    title: "The port of ssh is a TCP port",
    why: "The Docker provider and ssh refuse anything else.",
    at: "sshPort",
    is: (port: number) => isWhole(port, 1, 65_535),
    must: "be a whole TCP port from 1 to 65535",
    fix: "use 22, or the port that sshd listens on",
  }),
  each({
    id: "RC308",
    title: "Options of ssh are written as in its configuration file",
    why: "Each one is passed as `-o Name=value`.",
    at: "sshOptions[]",
    is: /^[A-Za-z]+=[^\n\r]+$/,
    must: "have the form `Name=value`",
    fix: "write e.g. 'IdentityFile=~/.ssh/cluster'",
  }),
  each({
    id: "RC309",
    title: "The architecture of a machine is one that Docker knows",
    why: "It is compared with what the machine reports.",
    at: "architecture",
    is: (name: string) => ARCHITECTURES.includes(name),
    must: `be ${oneOf(ARCHITECTURES)}`,
    fix: "use 'arm64' for aarch64 and 'amd64' for x86_64",
  }),
  each({
    id: "RC327",
    title: "A machine is in service, retired or lost",
    why: "What is removed from a machine, and whether it is asked at all, depends on it.",
    at: "status",
    is: (status: string) => STATUSES.includes(status),
    must: `be ${oneOf(STATUSES)}`,
    fix: "use 'retired' for a machine that can be reached, 'lost' for one that is gone, and leave it out for a node",
  }),
  each({
    id: "RC321",
    title: "A machine has a whole number of accelerators",
    why: "The plan is compared with it.",
    at: "acceleratorCount",
    is: (count: number) => isWhole(count, 0),
    must: "be a whole number of at least 0",
    fix: "count the devices of the machine",
  }),
  each({
    id: "RC322",
    title: "A path of the driver is absolute",
    why: "It is mounted into the container from there.",
    at: "driverPaths[]",
    is: isAbsolutePath,
    must: "be an absolute path",
    fix: "write where it is on the machine, e.g. '/usr/local/sbin/npu-smi'",
  }),
  each({
    id: "RC323",
    title: "A device address is an IP address",
    why: "HCCL connects the NPUs at these addresses.",
    at: "deviceIps[]",
    is: (address: string) => isIP(address) !== 0,
    must: "be an IP address",
    fix: "see /etc/hccn.conf of the machine",
  }),
  distinctRule(
    {
      id: "RC324",
      title: "No two devices have the same address",
      why: "HCCL would connect to one of them only.",
      fix: "see /etc/hccn.conf of both machines",
    },
    ({ machines }) =>
      [...machines.entries()]
        .filter(([, machine]) => isInService(machine))
        .flatMap(([index, machine]) => valuesAt(machine, "deviceIps[]", `backend.hosts[${index}]`)),
  ),
];

export const MACHINE_TOPIC: Topic<HostsDeclaration, HostsFacts> = { title: "Existing machines", rules };
