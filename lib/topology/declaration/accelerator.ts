/**
 * Kind of accelerator of a node pool. An accelerator is what Ray counts and one rank gets: a GPU, an
 * Ascend NPU (on A3: a die), a NeuronCore. The facts about each kind are in `lib/catalog`.
 */
export class Accelerator {
  public static readonly V100_16GB = new Accelerator("v100-16");
  public static readonly V100_32GB = new Accelerator("v100-32");
  public static readonly A100_40GB = new Accelerator("a100-40");
  public static readonly A100_80GB = new Accelerator("a100-80");
  public static readonly A10G = new Accelerator("a10g");
  public static readonly L4 = new Accelerator("l4");
  public static readonly L40S = new Accelerator("l40s");
  public static readonly RTX_PRO_4500 = new Accelerator("rtx-pro-4500");
  public static readonly RTX_PRO_6000 = new Accelerator("rtx-pro-6000");
  public static readonly H100 = new Accelerator("h100");
  public static readonly H200 = new Accelerator("h200");
  public static readonly B200 = new Accelerator("b200");
  public static readonly B300 = new Accelerator("b300");
  /** One GPU of a GB200; a usual machine has four. */
  public static readonly GB200 = new Accelerator("gb200");
  /** Ascend 910B with 64 GB, as on the A2 boards (Atlas 800T A2). */
  public static readonly ASCEND_910B_64GB = new Accelerator("ascend-910b-64");
  /** Ascend 910B with 32 GB, as on some Atlas 800I A2. */
  public static readonly ASCEND_910B_32GB = new Accelerator("ascend-910b-32");
  /** One die of an A3 card; a usual board has 16. */
  public static readonly ASCEND_A3 = new Accelerator("ascend-a3");
  /** One chip of an Atlas 300I Duo. */
  public static readonly ASCEND_310P = new Accelerator("ascend-310p");
  /** One NeuronCore of a Trainium chip. */
  public static readonly TRAINIUM = new Accelerator("trainium");
  /** One logical NeuronCore of a Trainium2 chip. */
  public static readonly TRAINIUM2 = new Accelerator("trainium2");
  /** One NeuronCore of an Inferentia2 chip. */
  public static readonly INFERENTIA2 = new Accelerator("inferentia2");
  public static readonly MI300X = new Accelerator("mi300x");
  /** An emulated GPU: a device node without hardware. */
  public static readonly EMULATED_GPU = new Accelerator("emulated-gpu");
  /** An emulated Ascend NPU: a device node without hardware. */
  public static readonly EMULATED_NPU = new Accelerator("emulated-npu");

  /**
   * An accelerator by its key in the catalogue.
   *
   * @param id key, e.g. `h100`. An unknown one is reported by the plan (RC013), with the nearest known key.
   */
  public static of(id: string): Accelerator {
    return new Accelerator(id);
  }

  private constructor(
    /** Key in the catalogue. */
    public readonly id: string,
  ) {}
}
