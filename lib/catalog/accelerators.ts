import familyRows from "./accelerator-families.json";
import productRows from "./accelerators.json";
import type { Collective, FactRow, MountFact, UlimitFact } from "./facts";
import { table } from "./table";

/** What all accelerators of one driver stack have in common: devices, container, Ray. */
interface AcceleratorFamily {
  readonly vendor: string;
  /** Nothing computes; device nodes are mapped from `/dev/null`. */
  readonly emulated: boolean;
  readonly collective: Collective;
  /** Ray resource that counts the accelerators. */
  readonly rayResource: string;
  readonly visibleDevicesVariable: string;
  /** `1` in this variable keeps Ray from setting the one above. */
  readonly nosetVariable: string;
  /** Glob of the device nodes to count on the node; `null`: device nodes do not tell the count. */
  readonly deviceGlob: string | null;
  /** One node per device, `{index}` counts from 0; `null`: only `fixedDevices`. */
  readonly indexedDevice: { readonly host: string; readonly container: string } | null;
  /** What Ray counts, per indexed device node. */
  readonly acceleratorsPerDevice: number;
  readonly fixedDevices: readonly string[];
  readonly mounts: readonly MountFact[];
  /** Docker runtime; `null`: the daemon's default. */
  readonly runtime: string | null;
  /** Variable of that runtime that lists the devices to pass in. */
  readonly runtimeDevicesVariable: string | null;
  readonly containerEnvironment: { readonly [name: string]: string };
  readonly capabilities: readonly string[];
  readonly ulimits: readonly UlimitFact[];
  readonly sharedMemoryMiBPerAccelerator: number;
}

/** One kind of accelerator, as the catalogue knows it. An accelerator is what Ray counts and one rank gets. */
export interface AcceleratorFacts extends AcceleratorFamily, FactRow {
  /** Key, e.g. `h100`, `ascend-a3`. */
  readonly id: string;
  readonly family: string;
  /** Name as shown to people. */
  readonly title: string;
  /** Other names that people write, in any case and with any separators. */
  readonly names?: readonly string[];
  /** Memory of one accelerator as its driver reports it to a process; where that is not known, what the card is sold with. */
  readonly memoryGiB: number;
  /** Accelerators of the usual board or machine. */
  readonly usualPerNode: number;
  /** Most accelerators that one machine of this kind has. */
  readonly maximumPerNode: number;
  /** Ascend: kind of board, which decides the checks of its network: `a2`, `a3`, `300i-duo`. */
  readonly board?: string;
  /** Of an accelerator that the user describes: the row that it is like in all but these facts. */
  readonly like?: string;
}

/** An accelerator of the user's own: a row of the catalogue with another name, memory and number. */
export interface OwnAccelerator {
  readonly name: string;
  readonly like: string;
  readonly memoryGiB: number;
  readonly perNode: number;
}

const families = table<FactRow>("accelerator family", familyRows);

// A product row may refine its family (Trainium2 has more cores per device), so it is spread last.
const products = table<AcceleratorFacts>(
  "accelerator",
  productRows.map((row) => ({ ...families.get(row.family), ...row })),
);

export const allAccelerators = products.all;

const byName = new Map(
  products.all().flatMap((row) => [row.id, ...(row.names ?? [])].map((name) => [plain(name), row] as const)),
);

/** The facts travel in the key, so that a plan, which is plain data, needs no register of accelerators. */
const OWN_KEY = /^(?<name>[^=]+)=(?<like>[^:]+):(?<memoryGiB>[\d.]+)GiB:(?<perNode>\d+)$/;

/** Key of an accelerator of the user's own. */
export function ownAcceleratorKey({ name, like, memoryGiB, perNode }: OwnAccelerator): string {
  return `${name}=${like}:${memoryGiB}GiB:${perNode}`;
}

/** The accelerator with a key, or with one of its names; `undefined` where there is none. */
export function findAccelerator(id: string): AcceleratorFacts | undefined {
  const own = OWN_KEY.exec(id)?.groups;
  if (own === undefined) {
    return products.find(id) ?? byName.get(plain(id));
  }
  const like = products.find(own.like);
  const perNode = Number(own.perNode);
  return (
    like && {
      ...like,
      id,
      title: own.name,
      like: like.id,
      memoryGiB: Number(own.memoryGiB),
      usualPerNode: perNode,
      maximumPerNode: Math.max(perNode, like.maximumPerNode),
    }
  );
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
}
