import { findInstanceType } from "../../catalog/instance-types";
import { addressRange, addressText, parseSubnet } from "../../topology/plan/addressing";
import type { Problem } from "../../problems/problem";
import { didYouMean, show } from "../../problems/text";
import { isWithin } from "../../topology/plan/staging";
import type { BackendPool, BackendSpec, Unreachable } from "./backend-spec";
import { poolOfBackendRules } from "./backend-pool-rules";
import { checkPool } from "../pool/pool-rules";
import { type AwsRule, applyRules } from "../rule";

const SECRET_ARN = /^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$/;

const backendRules: readonly AwsRule<BackendSpec>[] = [
  {
    id: "RC433",
    title: "The machines mount the storage that the containers have.",
    check: ({ clusterStorage, mountedStorage }) => {
      const index = clusterStorage.findIndex(
        ({ hostPath, isShared, isAws }) =>
          (isShared || isAws) && !mountedStorage.some((mounted) => mounted.hostPath === hostPath),
      );
      return index < 0
        ? undefined
        : {
            path: `storage[${index}]`,
            got: `${show(clusterStorage[index].hostPath)}, which no machine mounts`,
            allowed: "must be storage of the backend, or a folder of each machine's own",
            fix: "give it to the AwsBackend too: storage: [...]; for a disk of the machine use HostPathStorage.perNode",
          };
    },
  },
  {
    id: "RC434",
    level: "warning",
    title: "The containers have what the machines mount.",
    check: ({ clusterStorage, mountedStorage }) => {
      const index = mountedStorage.findIndex(
        ({ hostPath }) => !clusterStorage.some((storage) => storage.hostPath === hostPath),
      );
      return index < 0
        ? undefined
        : {
            path: `backend.storage[${index}]`,
            got: show(mountedStorage[index].hostPath),
            allowed: "is mounted on the machines, and no container has it",
            fix: "give it to the cluster too: storage: [...]",
          };
    },
  },
  {
    id: "RC435",
    title: "Machines that build an image need no file of the machine that runs Terraform.",
    check: ({ localFileOfImage }) =>
      localFileOfImage === undefined
        ? undefined
        : {
            path: "image",
            got: show(localFileOfImage),
            allowed:
              "must be built without files of your machine: nobody brings them to a machine that boots by itself",
            fix: "build the image once, push it to a registry such as ECR, and name it with ContainerImage.of",
          },
  },
  {
    id: "RC436",
    title: "EFA connects machines of one generation.",
    check: ({ fabric, pools }) => {
      const types = [...new Set(pools.map(({ machines }) => machines.instanceType))];
      const isMixed = types.some(isP4d) && !types.every(isP4d);
      return fabric !== "efa" || !isMixed
        ? undefined
        : {
            path: "backend.pools",
            got: types.join(" and "),
            allowed: "must not mix P4d or P4de with other types: EC2 carries no EFA traffic between them",
            fix: "use one instance type",
          };
    },
  },
  {
    id: "RC437",
    title: "Options are given for pools that exist, once.",
    check: ({ namedPools, pools }) => {
      const names = pools.map(({ name }) => name);
      const index = namedPools.findIndex(
        (name, position) => !names.includes(name) || namedPools.indexOf(name) !== position,
      );
      return index < 0
        ? undefined
        : {
            path: `backend.pools[${index}].pool`,
            got: show(namedPools[index]),
            allowed: `must name a pool of the cluster (${names.join(", ")}), each once`,
            fix: didYouMean(namedPools[index], names, "remove it or add the pool"),
          };
    },
  },
  {
    id: "RC438",
    title: "Network and head have addresses that are known at synth.",
    check: ({ subnetCidr, hasKnownHead }) =>
      subnetCidr !== undefined && hasKnownHead
        ? undefined
        : {
            path: subnetCidr === undefined ? "backend.network.subnetCidr" : "backend.headAddress",
            got: "a value that is known at apply",
            allowed: "must be known at synth: every machine is told where the head is before there is one",
            fix: "write the network's CIDR and the address as text",
          },
  },
  {
    id: "RC439",
    title: "A folder of the instance's disks needs an instance with disks.",
    check: ({ clusterStorage, pools }) => {
      const found = clusterStorage
        .map((storage, index) => ({
          storage,
          index,
          pool: pools.find((pool) => lacksDisk(pool, storage.hostPath)),
        }))
        .find(({ pool }) => pool !== undefined);
      return found === undefined
        ? undefined
        : {
            path: `storage[${found.index}]`,
            got: show(found.storage.hostPath),
            allowed: `must lie elsewhere: ${found.pool?.machines.instanceType} has no disks of its own`,
            fix: "use HostPathStorage.perNode() on the root volume, or another instance type",
          };
    },
  },
  {
    id: "RC425",
    title: "A secret is named by its ARN.",
    check: ({ modelSecretId }) =>
      modelSecretId === undefined || SECRET_ARN.test(modelSecretId)
        ? undefined
        : {
            path: "model",
            // Somebody may have written the secret itself.
            got: "a secret with another text (not shown)",
            allowed: "must be named as 'arn:aws:secretsmanager:<region>:<account>:secret:<name>'",
            fix: "copy the ARN of the secret from Secrets Manager: SecretRef.managed(arn)",
          },
  },
  {
    id: "RC426",
    title: "Clients of the API are in internal networks.",
    check: ({ clientCidrs }) => {
      const index = clientCidrs.findIndex((cidr) => !isInternal(cidr));
      return index < 0
        ? undefined
        : {
            path: `backend.clientCidrs[${index}]`,
            got: show(clientCidrs[index]),
            allowed: "must be an IPv4 CIDR in 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
            fix: "name the network of your applications; engines ask nobody who calls",
          };
    },
  },
  {
    id: "RC428",
    title: "The time for booting is one that machines take.",
    check: ({ bootTimeoutSeconds: seconds }) =>
      Number.isInteger(seconds) && seconds >= 60 && seconds <= 21_600
        ? undefined
        : {
            path: "backend.bootTimeoutSeconds",
            got: show(seconds),
            allowed: "must be a whole number of seconds from 60 to 21600",
            fix: "leave it out for 1800",
          },
  },
  {
    id: "RC429",
    title: "A price is agreed to as a number.",
    check: ({ consentUsdPerHour: usd }) =>
      usd === undefined || (Number.isFinite(usd) && usd > 0)
        ? undefined
        : {
            path: "backend.consentUsdPerHour",
            got: show(usd),
            allowed: "must be a positive number of USD per hour",
            fix: "leave it out until you agree to a price",
          },
  },
];

/** The number of nodes. */
const SAID_BY_TOPOLOGY = "RC412";

/** A machine image may hold what the machines cannot fetch, and a mirror may lie in the network. */
const reachRule: AwsRule<Unreachable> = {
  id: "RC427",
  level: "warning",
  title: "The machines reach what they fetch.",
  check: ({ path, what }) => ({
    path,
    got: show(what),
    allowed: "lies outside of AWS, which this network does not reach",
    fix: "use ECR, S3 or storage; or AwsInternetAccess.NAT with egressCidrs",
  }),
};

/** Everything that is wrong with a place on EC2, that of its pools included. */
export function checkBackend(spec: BackendSpec): readonly Problem[] {
  const ofPools = spec.pools.flatMap((pool, index) => [
    ...applyRules(poolOfBackendRules, { pool, index }),
    ...checkPool(pool.machines)
      .filter(({ rule }) => rule !== SAID_BY_TOPOLOGY)
      .map((problem) => ({ ...problem, path: pathOf(problem.path, pool, index) })),
  ]);
  const unreachable = spec.unreachable.flatMap((fetched) => applyRules([reachRule], fetched));
  // What network and backend have in common is found in each pool.
  return [...applyRules(backendRules, spec), ...unreachable, ...unique(ofPools)];
}

/** A pool's own path, as the user of a cluster writes it. */
function pathOf(path: string, pool: BackendPool, index: number): string {
  switch (path) {
    case "nodes":
      return `pools[${index}].nodes`;
    case "fabric":
      return path;
    default:
      return /^(network|storage|headAddress)/.test(path) ? `backend.${path}` : `${pool.optionsPath}.${path}`;
  }
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

function isInternal(cidr: string): boolean {
  const subnet = parseSubnet(cidr);
  return (
    subnet !== undefined &&
    [subnet.network, subnet.broadcast].every((end) =>
      ["private", "carrierGradeNat"].includes(addressRange(addressText(end))),
    )
  );
}

function isP4d(instanceType: string): boolean {
  return /^p4de?\./.test(instanceType);
}

function lacksDisk({ localDiskFolder, machines }: BackendPool, hostPath: string): boolean {
  return (
    localDiskFolder !== undefined &&
    isWithin(hostPath, localDiskFolder) &&
    findInstanceType(machines.instanceType)?.instanceStoreDisks === 0
  );
}
