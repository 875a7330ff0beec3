import { findAccelerator, ownAcceleratorKey } from "../../catalog/accelerators";

/** An accelerator that the catalogue does not hold. */
export interface AcceleratorFactsProps {
  /** Name as shown to people, e.g. `H100 NVL`. It contains no `=`. */
  readonly name: string;
  /** An accelerator with the same driver, devices and images. */
  readonly like: Accelerator;
  /** Memory of one accelerator in GiB, as its driver reports it (`nvidia-smi`, `npu-smi info`, `rocm-smi`). */
  readonly memoryGiB: number;
  /**
   * Accelerators of a machine.
   *
   * @default - as many as the usual machine of the other has
   */
  readonly perNode?: number;
}

/**
 * Kind of accelerator of a node pool. An accelerator is what Ray counts and one rank gets: a GPU, an
 * Ascend NPU (on A3: a die), a NeuronCore. The facts about each kind are in `lib/catalog`.
 *
 * @example
 * Accelerator.fromFacts({ name: "H100 NVL", like: Accelerator.H100, memoryGiB: 93.6 });
 */
export class Accelerator {
  /** NVIDIA V100 16 GB. */
  public static readonly V100_16GB = new Accelerator("v100-16");
  /** NVIDIA V100 32 GB. */
  public static readonly V100_32GB = new Accelerator("v100-32");
  /** NVIDIA T4. */
  public static readonly T4 = new Accelerator("t4");
  /** NVIDIA A100 40 GB. */
  public static readonly A100_40GB = new Accelerator("a100-40");
  /** NVIDIA A100 80 GB. */
  public static readonly A100_80GB = new Accelerator("a100-80");
  /** NVIDIA A800 40 GB. */
  public static readonly A800_40GB = new Accelerator("a800-40");
  /** NVIDIA A800 80 GB. */
  public static readonly A800_80GB = new Accelerator("a800");
  /** NVIDIA A10G. */
  public static readonly A10G = new Accelerator("a10g");
  /** NVIDIA A10. */
  public static readonly A10 = new Accelerator("a10");
  /** NVIDIA L4. */
  public static readonly L4 = new Accelerator("l4");
  /** NVIDIA L20. */
  public static readonly L20 = new Accelerator("l20");
  /** NVIDIA L40. */
  public static readonly L40 = new Accelerator("l40");
  /** NVIDIA L40S. */
  public static readonly L40S = new Accelerator("l40s");
  /** NVIDIA RTX PRO 4500 Blackwell Server Edition. */
  public static readonly RTX_PRO_4500 = new Accelerator("rtx-pro-4500");
  /** NVIDIA RTX PRO 6000 Blackwell Server Edition. */
  public static readonly RTX_PRO_6000 = new Accelerator("rtx-pro-6000");
  /** The GPU of a DGX Spark, which shares its memory with the processor. */
  public static readonly GB10 = new Accelerator("gb10");
  /** NVIDIA RTX A6000. */
  public static readonly RTX_A6000 = new Accelerator("rtx-a6000");
  /** NVIDIA GeForce RTX 3090. */
  public static readonly RTX_3090 = new Accelerator("rtx-3090");
  /** NVIDIA GeForce RTX 4090. */
  public static readonly RTX_4090 = new Accelerator("rtx-4090");
  /** NVIDIA GeForce RTX 5090. */
  public static readonly RTX_5090 = new Accelerator("rtx-5090");
  /** NVIDIA H100 80 GB. */
  public static readonly H100 = new Accelerator("h100");
  /** NVIDIA H800 80 GB. */
  public static readonly H800 = new Accelerator("h800");
  /** NVIDIA H20 96 GB. */
  public static readonly H20_96GB = new Accelerator("h20");
  /** NVIDIA H20 141 GB. */
  public static readonly H20_141GB = new Accelerator("h20-141");
  /** NVIDIA H200. */
  public static readonly H200 = new Accelerator("h200");
  /** NVIDIA GH200 96 GB. */
  public static readonly GH200_96GB = new Accelerator("gh200");
  /** NVIDIA GH200 144 GB. */
  public static readonly GH200_144GB = new Accelerator("gh200-144");
  /** NVIDIA B200. */
  public static readonly B200 = new Accelerator("b200");
  /** NVIDIA B300. */
  public static readonly B300 = new Accelerator("b300");
  /** One GPU of a GB200; a usual machine has four. */
  public static readonly GB200 = new Accelerator("gb200");
  /** One GPU of a GB300; a usual machine has four. */
  public static readonly GB300 = new Accelerator("gb300");
  /** Ascend 910B with 64 GB, as on the A2 boards (Atlas 800T A2). */
  public static readonly ASCEND_910B_64GB = new Accelerator("ascend-910b-64");
  /** Ascend 910B with 32 GB, as on some Atlas 800I A2. */
  public static readonly ASCEND_910B_32GB = new Accelerator("ascend-910b-32");
  /** One die of an A3 card; a usual board has 16. */
  public static readonly ASCEND_A3 = new Accelerator("ascend-a3");
  /** One chip of an Atlas 300I Duo of 96 GB. */
  public static readonly ASCEND_310P = new Accelerator("ascend-310p");
  /** One chip of an Atlas 300I Duo of 48 GB. */
  public static readonly ASCEND_310P_24GB = new Accelerator("ascend-310p-24");
  /** Ascend 950DT. */
  public static readonly ASCEND_950DT = new Accelerator("ascend-950dt");
  /** Atlas 350 (Ascend 950PR). */
  public static readonly ATLAS_350 = new Accelerator("atlas-350");
  /** One NeuronCore of a Trainium chip. */
  public static readonly TRAINIUM = new Accelerator("trainium");
  /** One logical NeuronCore of a Trainium2 chip. */
  public static readonly TRAINIUM2 = new Accelerator("trainium2");
  /** One NeuronCore of an Inferentia2 chip. */
  public static readonly INFERENTIA2 = new Accelerator("inferentia2");
  /** AMD Instinct MI300X. */
  public static readonly MI300X = new Accelerator("mi300x");
  /** AMD Instinct MI325X. */
  public static readonly MI325X = new Accelerator("mi325x");
  /** AMD Instinct MI350X. */
  public static readonly MI350X = new Accelerator("mi350x");
  /** AMD Instinct MI355X. */
  public static readonly MI355X = new Accelerator("mi355x");
  /** Intel Gaudi 3. */
  public static readonly GAUDI_3 = new Accelerator("gaudi3");
  /** An emulated GPU: a device node without hardware. */
  public static readonly EMULATED_GPU = new Accelerator("emulated-gpu");
  /** An emulated Ascend NPU: a device node without hardware. */
  public static readonly EMULATED_NPU = new Accelerator("emulated-npu");

  /**
   * An accelerator by its key in the catalogue, or by another name of it.
   *
   * @param id e.g. `h100`, `MI355X`. An unknown one is reported by the plan (RC013).
   */
  public static of(id: string): Accelerator {
    return new Accelerator(findAccelerator(id)?.id ?? id);
  }

  /**
   * Any other accelerator: one of the catalogue with another amount of memory, and another number in a machine.
   *
   * @throws Error for a name with `=`, for memory that is not more than 0 and for a number below 1
   */
  public static fromFacts(facts: AcceleratorFactsProps): Accelerator {
    const { name, like, memoryGiB } = facts;
    const perNode = facts.perNode ?? findAccelerator(like.id)?.usualPerNode ?? 1;
    if (name === "" || name.includes("=") || !(memoryGiB > 0) || !Number.isInteger(perNode) || perNode < 1) {
      throw new Error(
        `accelerator '${name}': a name without '=', memoryGiB of more than 0 and a whole perNode of at least 1 ` +
          `are needed, got ${memoryGiB} GiB and ${perNode}`,
      );
    }
    return new Accelerator(ownAcceleratorKey({ name, like: like.id, memoryGiB, perNode }));
  }

  private constructor(
    /** Key in the catalogue. */
    public readonly id: string,
  ) {}
}
