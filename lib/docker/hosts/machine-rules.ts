import { isIP } from "node:net";
import { checkWhole, type Given, isAbsolutePath, isWhole, repeated } from "../../problems/checks";
import type { ErrorFinding, Topic } from "../../problems/rule";
import { oneOf, show } from "../../problems/text";
import type { MachineDraft } from "./host-machine";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";

type RuleText = Pick<HostsRule, "title" | "why"> & Pick<ErrorFinding, "fix">;

const ARCHITECTURES = ["amd64", "arm64"];
const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
/** Does not begin with a dash: that would be an option of ssh. */
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const OPTION = /^[A-Za-z]+=[^\n\r]+$/;

const rules: readonly HostsRule[] = [
  {
    id: "RC301",
    level: "error",
    title: "There is at least one machine",
    why: "Every node of a cluster runs on a machine of its own.",
    check: ({ machines, inventory }) =>
      machines.length > 0 || inventory?.findings.kind.some(({ path }) => path === "backend.hosts")
        ? []
        : [
            {
              path: "backend.hosts",
              got: "no machine",
              must: "list one machine for each node",
              fix: "add the machines",
            },
          ],
  },
  each("RC302", "name", (name) => NAME.test(name), "be 1 to 63 lower-case letters, digits, dashes and dots", {
    title: "A machine has a name that messages can use",
    why: "The name is part of messages and of lines that scripts read.",
    fix: "use the machine's own name, e.g. 'atlas-01'",
  }),
  unique("RC303", (declaration) => values(declaration, "name"), {
    title: "No two machines have the same name",
    why: "Messages name the machine that failed.",
    fix: "give every machine a different name",
  }),
  each(
    "RC304",
    "sshHost",
    (host) => HOST_NAME.test(host) || isIP(host) !== 0,
    "be a host name or an address",
    {
      title: "The target of ssh is a host name or an address",
      why: "User and port are properties of their own, and a leading dash would be an option of ssh.",
      fix: "write it without user and port: those are sshUser and sshPort",
    },
  ),
  unique("RC305", targets, {
    title: "No two entries are the same machine",
    why: "A machine runs one node of a cluster.",
    fix: "list each machine once",
  }),
  each("RC306", "sshUser", (user) => USER.test(user), "be a user name", {
    title: "The user of ssh has a valid name",
    why: "A leading dash would be an option of ssh.",
    fix: "use 'root', or a member of the group 'docker'",
  }),
  each("RC307", "sshPort", (port) => isWhole(port, 1, 65_535), "be a whole TCP port from 1 to 65535", {
    title: "The port of ssh is a TCP port",
    why: "The Docker provider and ssh refuse anything else.",
    fix: "use 22, or the port that sshd listens on",
  }),
  each("RC308", "sshOptions", (option) => OPTION.test(option), "have the form `Name=value`", {
    title: "Options of ssh are written as in its configuration file",
    why: "Each one is passed as `-o Name=value`.",
    fix: "write e.g. 'IdentityFile=~/.ssh/cluster'",
  }),
  each("RC309", "architecture", (name) => ARCHITECTURES.includes(name), `be ${oneOf(ARCHITECTURES)}`, {
    title: "The architecture of a machine is one that Docker knows",
    why: "It is compared with what the machine reports.",
    fix: "use 'arm64' for aarch64 and 'amd64' for x86_64",
  }),
  {
    id: "RC321",
    level: "error",
    title: "A machine has a whole number of accelerators",
    why: "The plan is compared with it.",
    check: (declaration) =>
      values(declaration, "acceleratorCount").flatMap((count) =>
        checkWhole(count, 0, "count the devices of the machine"),
      ),
  },
  each("RC322", "driverPaths", isAbsolutePath, "be an absolute path", {
    title: "A path of the driver is absolute",
    why: "It is mounted into the container from there.",
    fix: "write where it is on the machine, e.g. '/usr/local/sbin/npu-smi'",
  }),
  each("RC323", "deviceIps", (address) => isIP(address) !== 0, "be an IP address", {
    title: "A device address is an IP address",
    why: "HCCL connects the NPUs at these addresses.",
    fix: "see /etc/hccn.conf of the machine",
  }),
  unique("RC324", (declaration) => values(declaration, "deviceIps"), {
    title: "No two devices have the same address",
    why: "HCCL would connect to one of them only.",
    fix: "see /etc/hccn.conf of both machines",
  }),
];

export const MACHINE_TOPIC: Topic<HostsDeclaration, HostsFacts> = { title: "Existing machines", rules };

type Name = Exclude<keyof MachineDraft, "pool" | "address">;
type Item<Value> = Value extends readonly (infer One)[] ? One : Value;
type Value<Of extends Name> = Item<NonNullable<MachineDraft[Of]>>;

/** A property of every machine that has it; of a list every item. */
function values<Of extends Name>(
  { machines }: HostsDeclaration,
  name: Of,
): readonly { readonly path: string; readonly value: Value<Of> }[] {
  return machines.flatMap(({ [name]: value }, index) => {
    const path = `backend.hosts[${index}].${name}`;
    if (Array.isArray(value)) {
      return value.map((item: Value<Of>, at) => ({ path: `${path}[${at}]`, value: item }));
    }
    return value === undefined ? [] : [{ path, value: value as Value<Of> }];
  });
}

function targets({ machines }: HostsDeclaration): readonly Given<string>[] {
  return machines.map(({ sshHost, sshPort }, index) => ({
    path: `backend.hosts[${index}].sshHost`,
    value: sshHost && `${sshHost}:${sshPort}`,
  }));
}

/** Requires something of each value of a property. */
function each<Of extends Name>(
  id: string,
  name: Of,
  holds: (value: Value<Of>) => boolean,
  must: string,
  { fix, ...text }: RuleText,
): HostsRule {
  const check: HostsRule["check"] = (declaration) =>
    values(declaration, name)
      .filter(({ value }) => !holds(value))
      .map(({ path, value }) => ({ path, got: show(value), must, fix }));
  return { id, level: "error", ...text, check };
}

function unique(
  id: string,
  given: (declaration: HostsDeclaration) => readonly Given<string>[],
  { fix, ...text }: RuleText,
): HostsRule {
  const check: HostsRule["check"] = (declaration) =>
    repeated(given(declaration)).map(({ path, value, first }) => ({
      path,
      got: show(value),
      must: `differ from ${first}`,
      fix,
    }));
  return { id, level: "error", ...text, check };
}
