import { isIP } from "node:net";
import { basename } from "node:path";
import { findAccelerator } from "../../catalog/accelerators";
import type { ClusterShape } from "../../terraform/cluster-backend";
import type { Problem } from "../../problems/problem";
import { didYouMean, oneOf, show } from "../../problems/text";
import { assign } from "./assignment";
import type { HostMachine, Machine } from "./host-machine";

/** What a user decides about the place of a cluster on machines that exist, with its defaults. */
export interface HostsSettings {
  readonly machines: readonly Machine[];
  readonly cpusPerNode?: number;
  readonly objectStoreMiB?: number;
  readonly sharedMemoryMiB?: number;
  readonly imagePullTimeoutSeconds: number;
  readonly registryLogins: readonly string[];
}

type Check = (settings: HostsSettings, shape: ClusterShape) => readonly Problem[];

const ARCHITECTURES = ["amd64", "arm64"];
const NAME = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/;
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const USER = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const REGISTRY = /^[A-Za-z0-9][A-Za-z0-9.-]*(:\d{1,5})?$/;
const OPTION = /^[A-Za-z]+=[^\n\r]+$/;
/** Ray refuses to start with a smaller object store. */
const MINIMUM_OBJECT_STORE_MIB = 75;

/** What is wrong with the place itself; the rules of the topology judge addresses and network. */
export function checkHosts(settings: HostsSettings, shape: ClusterShape): readonly Problem[] {
  return CHECKS.flatMap((check) => check(settings, shape));
}

const CHECKS: readonly Check[] = [
  ({ machines }) =>
    machines.length > 0
      ? []
      : error("RC301", "hosts", "no machine", "must hold one machine for each node", "name the machines"),
  each("RC302", "name", (name) => NAME.test(name), {
    allowed: "must be 1 to 63 lower-case letters, digits, dashes and dots",
    fix: "name the machine as its owner calls it, e.g. 'atlas-01'",
  }),
  twice("RC303", "name", ({ name }) => name, "give every machine its own name"),
  // A name that begins with a dash would be an option of ssh.
  each("RC304", "sshHost", (host) => HOST_NAME.test(host) || isIP(host) !== 0, {
    allowed: "must be a host name or an address",
    fix: "write what you would write after `ssh`, without user and port",
  }),
  twice("RC305", "sshHost", ({ sshHost, sshPort }) => `${sshHost}:${sshPort}`, "name each machine once"),
  each("RC306", "sshUser", (user) => USER.test(user), {
    allowed: "must be the name of a user",
    fix: "use 'root', or a user of the group 'docker'",
  }),
  each("RC307", "sshPort", (port) => isWhole(port, 1, 65_535), {
    allowed: "must be a whole TCP port from 1 to 65535",
    fix: "use 22, or the port that sshd listens on",
  }),
  ({ machines }) =>
    machines.flatMap((machine, index) =>
      machine.sshOptions.flatMap((option, at) =>
        OPTION.test(option)
          ? []
          : error(
              "RC308",
              `hosts[${index}].sshOptions[${at}]`,
              show(option),
              "must be an option as in ssh's configuration file, `Name=value`",
              "write e.g. 'IdentityFile=~/.ssh/cluster'",
            ),
      ),
    ),
  each("RC309", "architecture", (name) => ARCHITECTURES.includes(name), {
    allowed: `must be ${oneOf(ARCHITECTURES)}`,
    fix: "write 'arm64' for aarch64, 'amd64' for x86_64",
  }),
  checkPools,
  checkAccelerators,
  checkDeviceIps,
  checkDriverPaths,
  checkNumbers,
  ({ registryLogins }) =>
    registryLogins.flatMap((registry, index) =>
      REGISTRY.test(registry)
        ? []
        : error(
            "RC314",
            `registryLogins[${index}]`,
            show(registry),
            "must be the name of a registry, with its port if it has one",
            "write what you wrote after `docker login`, e.g. 'quay.io'",
          ),
    ),
];

function checkPools({ machines }: HostsSettings, { pools }: ClusterShape): readonly Problem[] {
  const names = pools.map(({ name }) => name);
  const hasSome = machines.some(({ pool }) => pool !== undefined);
  return machines.flatMap(({ pool }, index) => {
    const path = `hosts[${index}].pool`;
    if (pool === undefined) {
      return hasSome
        ? error("RC310", path, "nothing", "must be given as for the other machines", `use ${oneOf(names)}`)
        : [];
    }
    return names.includes(pool)
      ? []
      : error("RC310", path, show(pool), `must be ${oneOf(names)}`, didYouMean(pool, names, "name a pool"));
  });
}

function checkAccelerators({ machines }: HostsSettings, { pools }: ClusterShape): readonly Problem[] {
  return ofNodes(machines, pools).flatMap(({ machine, index, planned }) => {
    const has = machine.acceleratorCount;
    const path = `hosts[${index}].acceleratorCount`;
    if (has !== undefined && !isWhole(has, 0)) {
      return error("RC311", path, show(has), "must be a whole number", "count the machine's devices");
    }
    return has === undefined || planned === undefined || has >= planned
      ? []
      : error(
          "RC311",
          path,
          show(has),
          `must be at least ${planned}, what the pool wants of each node`,
          "plan fewer acceleratorsPerNode, or take another machine",
        );
  });
}

function checkDeviceIps({ machines }: HostsSettings, { pools }: ClusterShape): readonly Problem[] {
  const owners = new Map<string, string>();
  return ofNodes(machines, pools).flatMap(({ machine, index, planned }) => {
    const ips = machine.deviceIps;
    if (ips === undefined) {
      return [];
    }
    const path = `hosts[${index}].deviceIps`;
    const count = machine.acceleratorCount ?? planned;
    const countProblem =
      count === undefined || ips.length === count
        ? []
        : error(
            "RC312",
            path,
            `${ips.length} addresses`,
            `must hold ${count}, one for each device`,
            "see /etc/hccn.conf of the machine",
          );
    const ofEach = ips.flatMap((ip, at): readonly Problem[] => {
      const here = `${path}[${at}]`;
      if (isIP(ip) === 0) {
        return error("RC312", here, show(ip), "must be an address", "see /etc/hccn.conf of the machine");
      }
      const owner = owners.get(ip);
      owners.set(ip, owner ?? here);
      return owner === undefined
        ? []
        : error("RC312", here, show(ip), `must differ from ${owner}`, "see /etc/hccn.conf of both machines");
    });
    return [...countProblem, ...ofEach];
  });
}

function checkDriverPaths({ machines }: HostsSettings, { pools }: ClusterShape): readonly Problem[] {
  return ofNodes(machines, pools).flatMap(({ machine, index, mounts }) =>
    (machine.driverPaths ?? []).flatMap((path, at) => {
      const here = `hosts[${index}].driverPaths[${at}]`;
      if (!path.startsWith("/")) {
        return error(
          "RC315",
          here,
          show(path),
          "must be an absolute path",
          "write where it lies on the machine",
        );
      }
      const names = mounts.map((mount) => basename(mount));
      return names.includes(basename(path))
        ? []
        : error(
            "RC315",
            here,
            show(path),
            `must end with ${oneOf(names)}`,
            "remove it: nothing of it is mounted",
          );
    }),
  );
}

function checkNumbers(settings: HostsSettings): readonly Problem[] {
  const { cpusPerNode, objectStoreMiB, sharedMemoryMiB, imagePullTimeoutSeconds } = settings;
  const number = (name: string, value: number | undefined, minimum: number, fix: string) =>
    value === undefined || isWhole(value, minimum)
      ? []
      : error("RC313", name, show(value), `must be a whole number of at least ${minimum}`, fix);
  return [
    ...number("cpusPerNode", cpusPerNode, 1, "leave it out: Ray counts the machine's CPUs"),
    ...number("objectStoreMiB", objectStoreMiB, MINIMUM_OBJECT_STORE_MIB, "leave it out for Ray's default"),
    ...number(
      "sharedMemoryMiB",
      sharedMemoryMiB,
      objectStoreMiB ?? MINIMUM_OBJECT_STORE_MIB,
      "leave it out: it follows from accelerators and object store, which lies in there",
    ),
    ...number("imagePullTimeoutSeconds", imagePullTimeoutSeconds, 60, "leave it out for two hours"),
  ];
}

/** A check of one property of every machine that has it. */
function each<K extends keyof HostMachine>(
  rule: string,
  name: K,
  holds: (value: NonNullable<HostMachine[K]>) => boolean,
  advice: { readonly allowed: string; readonly fix: string },
): Check {
  return ({ machines }) =>
    machines.flatMap((machine, index) => {
      const value = machine[name];
      return value === undefined || holds(value)
        ? []
        : error(rule, `hosts[${index}].${name}`, show(value), advice.allowed, advice.fix);
    });
}

function twice(rule: string, name: keyof HostMachine, key: (machine: Machine) => string, fix: string): Check {
  return ({ machines }) => {
    const owners = new Map<string, number>();
    return machines.flatMap((machine, index) => {
      const owner = owners.get(key(machine));
      owners.set(key(machine), owner ?? index);
      // What an inventory lacks is reported there.
      return owner === undefined || machine[name] === undefined
        ? []
        : error(
            rule,
            `hosts[${index}].${name}`,
            show(key(machine)),
            `must differ from that of hosts[${owner}]`,
            fix,
          );
    });
  };
}

/** The machines that are nodes, with what their pool wants of each. */
function ofNodes(
  machines: readonly Machine[],
  pools: ClusterShape["pools"],
): { machine: HostMachine; index: number; planned: number | undefined; mounts: readonly string[] }[] {
  const assigned = assign(machines, pools);
  return pools.flatMap((pool) => {
    const facts = pool.accelerator && findAccelerator(pool.accelerator.id);
    const planned = pool.acceleratorsPerNode ?? facts?.usualPerNode;
    return (assigned[pool.name] ?? []).map((machine) => ({
      machine,
      index: machines.indexOf(machine as Machine),
      planned,
      mounts: facts?.mounts.map(({ source }) => source) ?? [],
    }));
  });
}

function error(rule: string, path: string, got: string, allowed: string, fix: string): readonly Problem[] {
  return [{ rule, level: "error", path, got, allowed, fix }];
}

function isWhole(value: number, minimum: number, maximum = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isInteger(value) && value >= minimum && value <= maximum;
}
