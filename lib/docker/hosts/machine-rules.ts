import { isIP } from "node:net";
import { checkWhole, type Given, isAbsolutePath, isWhole, repeated } from "../../problems/checks";
import type { ErrorFinding, Topic } from "../../problems/rule";
import { oneOf, show } from "../../problems/text";
import type { MachineDraft } from "./host-machine";
import type { HostsDeclaration, HostsFacts, HostsRule } from "./hosts-declaration";

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
  {
    id: "RC302",
    level: "error",
    title: "A machine has a name that messages can use",
    why: "The name is part of construct ids and of lines that scripts read.",
    check: (declaration) =>
      unless(property(declaration, "name"), (name) => NAME.test(name), {
        must: "be 1 to 63 lower-case letters, digits, dashes and dots",
        fix: "use the machine's own name, e.g. 'atlas-01'",
      }),
  },
  {
    id: "RC303",
    level: "error",
    title: "No two machines have the same name",
    why: "Messages name the machine that failed.",
    check: (declaration) => different(property(declaration, "name"), "give every machine a different name"),
  },
  {
    id: "RC304",
    level: "error",
    title: "The target of ssh is a host name or an address",
    why: "User and port are properties of their own, and a leading dash would be an option of ssh.",
    check: (declaration) =>
      unless(property(declaration, "sshHost"), (host) => HOST_NAME.test(host) || isIP(host) !== 0, {
        must: "be a host name or an address",
        fix: "write it without user and port: those are sshUser and sshPort",
      }),
  },
  {
    id: "RC305",
    level: "error",
    title: "No two entries are the same machine",
    why: "A machine runs one node of a cluster.",
    check: ({ machines }) =>
      different(
        machines.map(({ sshHost, sshPort }, index) => ({
          path: `backend.hosts[${index}].sshHost`,
          value: sshHost && `${sshHost}:${sshPort}`,
        })),
        "list each machine once",
      ),
  },
  {
    id: "RC306",
    level: "error",
    title: "The user of ssh has a valid name",
    why: "A leading dash would be an option of ssh.",
    check: (declaration) =>
      unless(property(declaration, "sshUser"), (user) => USER.test(user), {
        must: "be a user name",
        fix: "use 'root', or a member of the group 'docker'",
      }),
  },
  {
    id: "RC307",
    level: "error",
    title: "The port of ssh is a TCP port",
    why: "ssh and the Docker provider refuse anything else.",
    check: (declaration) =>
      unless(property(declaration, "sshPort"), (port) => isWhole(port, 1, 65_535), {
        must: "be a whole TCP port from 1 to 65535",
        fix: "use 22, or the port that sshd listens on",
      }),
  },
  {
    id: "RC308",
    level: "error",
    title: "Options of ssh are written as in its configuration file",
    why: "Each one is passed as `-o Name=value`.",
    check: (declaration) =>
      unless(items(declaration, "sshOptions"), (option) => OPTION.test(option), {
        must: "be an option as in ssh's configuration file, `Name=value`",
        fix: "write e.g. 'IdentityFile=~/.ssh/cluster'",
      }),
  },
  {
    id: "RC309",
    level: "error",
    title: "The architecture of a machine is one that Docker knows",
    why: "It is compared with what the machine reports.",
    check: (declaration) =>
      unless(property(declaration, "architecture"), (name) => ARCHITECTURES.includes(name), {
        must: `be ${oneOf(ARCHITECTURES)}`,
        fix: "use 'arm64' for aarch64 and 'amd64' for x86_64",
      }),
  },
  {
    id: "RC321",
    level: "error",
    title: "A machine has a whole number of accelerators",
    why: "The plan is compared with it.",
    check: (declaration) =>
      property(declaration, "acceleratorCount").flatMap((count) =>
        checkWhole(count, 0, "count the devices of the machine"),
      ),
  },
  {
    id: "RC322",
    level: "error",
    title: "A path of the driver is absolute",
    why: "It is mounted into the container from there.",
    check: (declaration) =>
      unless(items(declaration, "driverPaths"), isAbsolutePath, {
        must: "be an absolute path",
        fix: "write where it is on the machine, e.g. '/usr/local/sbin/npu-smi'",
      }),
  },
  {
    id: "RC323",
    level: "error",
    title: "A device address is an IP address",
    why: "HCCL connects the NPUs at these addresses.",
    check: (declaration) =>
      unless(items(declaration, "deviceIps"), (address) => isIP(address) !== 0, {
        must: "be an IP address",
        fix: "see /etc/hccn.conf of the machine",
      }),
  },
  {
    id: "RC324",
    level: "error",
    title: "No two devices have the same address",
    why: "HCCL would connect to one of them only.",
    check: (declaration) => different(items(declaration, "deviceIps"), "see /etc/hccn.conf of both machines"),
  },
];

export const MACHINE_TOPIC: Topic<HostsDeclaration, HostsFacts> = { title: "Existing machines", rules };

/** A property of every machine that has it. */
function property<Name extends keyof MachineDraft>(
  { machines }: HostsDeclaration,
  name: Name,
): readonly { readonly path: string; readonly value: NonNullable<MachineDraft[Name]> }[] {
  return machines.flatMap(({ [name]: value }, index) =>
    value === undefined || value === null ? [] : [{ path: `backend.hosts[${index}].${name}`, value }],
  );
}

/** The items of a list of every machine that has it. */
function items(
  declaration: HostsDeclaration,
  name: "sshOptions" | "driverPaths" | "deviceIps",
): readonly { readonly path: string; readonly value: string }[] {
  return property(declaration, name).flatMap(({ path, value }) =>
    value.map((item, index) => ({ path: `${path}[${index}]`, value: item })),
  );
}

function unless<Value>(
  values: readonly { readonly path: string; readonly value: Value }[],
  holds: (value: Value) => boolean,
  text: Pick<ErrorFinding, "must" | "fix">,
): readonly ErrorFinding[] {
  return values
    .filter(({ value }) => !holds(value))
    .map(({ path, value }) => ({ path, got: show(value), ...text }));
}

function different(values: readonly Given<string>[], fix: string): readonly ErrorFinding[] {
  return repeated(values).map(({ path, value, first }) => ({
    path,
    got: show(value),
    must: `differ from ${first}`,
    fix,
  }));
}
