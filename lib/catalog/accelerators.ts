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
  /** Usable memory of one accelerator. */
  readonly memoryGiB: number;
  /** Accelerators of the usual board or machine. */
  readonly usualPerNode: number;
  /** Most accelerators that one machine of this kind has. */
  readonly maximumPerNode: number;
  /** Ascend: kind of board, which decides the checks of its network: `a2`, `a3`, `300i-duo`. */
  readonly board?: string;
}

const families = table<FactRow>("accelerator family", familyRows);

// A product row may refine its family (Trainium2 has more cores per device), so it is spread last.
export const { all: allAccelerators, find: findAccelerator } = table<AcceleratorFacts>(
  "accelerator",
  productRows.map((row) => ({ ...families.get(row.family), ...row })),
);
