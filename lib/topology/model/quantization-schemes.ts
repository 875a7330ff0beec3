import type { QuantizationScheme } from "../../catalog/models";
import type { HubObject } from "./hub-keys";

type Blocks = Pick<QuantizationScheme, "blockRows" | "blockColumns" | "scaleBytes">;

/** Per output channel or per tensor: the scales are too few to tell the two apart in bytes. */
export const CHANNEL: Blocks = { blockRows: 1, blockColumns: null, scaleBytes: 4 };

/** Blocks of rows and columns with a 32-bit scale; a channel where there are none. */
export function blocks(size: unknown): Blocks {
  return Array.isArray(size)
    ? { blockRows: Number(size[0]), blockColumns: Number(size[1]), scaleBytes: 4 }
    : CHANNEL;
}

/** Groups of columns. */
export function group(size: number): Pick<Blocks, "blockRows" | "blockColumns"> {
  return { blockRows: 1, blockColumns: size };
}

/** Floating point of 4 bits, with an 8-bit scale to a group (NVFP4: 16, MXFP4: 32). */
export function fourBits(size: number): QuantizationScheme {
  return { bits: 4, ...group(size), scaleBytes: 1 };
}

/** An algorithm of NVIDIA's Model Optimizer by its name. */
export function ofAlgorithm(algorithm: string, groupSize: number): QuantizationScheme {
  if (algorithm.includes("MXFP8")) {
    return { bits: 8, ...group(32), scaleBytes: 1 };
  }
  if (algorithm.includes("FP4")) {
    return fourBits(algorithm.includes("MXFP4") ? 32 : groupSize);
  }
  if (algorithm.includes("INT4") || algorithm.startsWith("W4")) {
    return { bits: 4, ...group(groupSize), scaleBytes: 2 };
  }
  return algorithm.startsWith("FP8_PB") || algorithm.includes("BLOCK")
    ? { bits: 8, ...blocks([128, 128]) }
    : { bits: 8, ...CHANNEL };
}

/** Modules that a quantizer left as they are, by all the names that the list has. */
export function keptOf(config: HubObject): readonly string[] {
  const lists = [
    config.modules_to_not_convert,
    config.ignored_layers,
    config.ignore,
    config.exclude_modules,
    config.exclude,
  ];
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
}
