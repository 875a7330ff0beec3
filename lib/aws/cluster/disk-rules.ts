import { isWithin, unless } from "../../problems/checks";
import { errorRule, type Topic } from "../../problems/rule";
import { modelsOf } from "../../topology/plan/declared-models";
import { known } from "../known";
import type { PoolMachines } from "../pool/pool-machines";
import { isAwsStorage } from "../storage/storage";
import type { SiteDecisions } from "./site-decisions";

const GB = 1e9;
const GIB = 1024 ** 3;
/** What system and container image take of a root volume, where the machine image does not say. */
const SYSTEM_GIB = 75;

/** A disk and what is free on it for a model. */
interface Disk {
  readonly what: string;
  readonly bytes: number;
}

/** What must hold between a model that is fetched and the disk to which it is fetched. */
export const DISK_TOPIC: Topic<SiteDecisions> = {
  title: "EC2: disk for a model",
  rules: [
    errorRule("RC483", {
      title: "The weights of the models fit on the disk that they are fetched to",
      why: "The head would find the disk full after it has fetched for an hour, while all machines are paid.",
      check: ({ declaration, pools }) => {
        const fetched = modelsOf(declaration).filter(({ source }) => source.isFetched);
        const weights = fetched.reduce((sum, { source }) => sum + (source.model?.weightBytes ?? 0), 0);
        const disks = pools.flatMap(({ machines }) => diskOf(declaration.storage[0], machines) ?? []);
        const [smallest] = [...disks].sort((a, b) => a.bytes - b.bytes);
        return unless(smallest === undefined || weights <= smallest.bytes, {
          path: "storage",
          got: smallest?.what ?? "",
          must: `have room for the ${Math.ceil(weights / GB)} GB of the model's weights`,
          fix: "name a storage with more capacity, or HostPathStorage on the machine's own disks (localDiskFolder of the machine image)",
        });
      },
    }),
  ],
};

/** Where a model is fetched to. @returns `undefined`: its size is not known */
function diskOf(
  storage: SiteDecisions["declaration"]["storage"][number] | undefined,
  machines: PoolMachines,
): Disk | undefined {
  if (storage === undefined) {
    return undefined;
  }
  if (isAwsStorage(storage)) {
    const size = known(storage.capacityGB);
    return size === undefined ? undefined : { what: `a file system of ${size} GB`, bytes: size * GB };
  }
  const { localDiskFolder, minimumRootGiB = SYSTEM_GIB } = machines.machineImage;
  if (localDiskFolder !== undefined && isWithin(storage.hostPath, localDiskFolder)) {
    const { type } = machines.facts;
    const size = (type?.instanceStoreDisks ?? 0) * (type?.instanceStoreDiskGB ?? 0);
    return size === 0 ? undefined : { what: `own disks of ${size} GB`, bytes: size * GB };
  }
  // Another folder may be a mount of the machine image.
  const isRoot = isWithin(storage.hostPath, "/var/lib/ray-cluster");
  const free = machines.rootVolumeGiB - minimumRootGiB;
  return isRoot
    ? { what: `a root volume of ${machines.rootVolumeGiB} GiB, ${free} of them free`, bytes: free * GIB }
    : undefined;
}
