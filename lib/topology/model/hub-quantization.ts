import type { Quantization } from "../../catalog/models";

/** A JSON object of a model's configuration. */
export interface HubObject {
  readonly [key: string]: unknown;
}

type Parser = (config: HubObject) => Quantization;

/** Per output channel or per tensor: the scales are too few to tell the two apart in bytes. */
const CHANNEL = { blockRows: 1, blockColumns: null, scaleBytes: 4 };

const PARSERS: { readonly [method: string]: Parser | undefined } = {
  fp8: (config) => ({ method: "fp8", bits: 8, ...blocks(config.weight_block_size), kept: keptOf(config) }),
  fbgemm_fp8: (config) => ({ method: "fp8", bits: 8, ...CHANNEL, kept: keptOf(config) }),
  "compressed-tensors": compressedTensors,
  gptq: grouped,
  awq: grouped,
  modelopt: modelOptimizer,
  bitsandbytes: (config) => ({
    method: "bitsandbytes",
    bits: config.load_in_4bit === true ? 4 : 8,
    // Its 4-bit format keeps one 32-bit scale for 64 weights, its 8-bit format one for a row.
    ...(config.load_in_4bit === true ? { ...group(64), scaleBytes: 4 } : CHANNEL),
    kept: keptOf(config),
  }),
  ascend: (config) => ascend(String(config.quantize ?? "w8a8"), keptOf(config)),
};

/**
 * How a Hugging Face configuration quantizes the weights; `null`: not at all.
 *
 * @throws Error for a method that we do not know: its bytes would be a guess
 */
export function quantizationOf(config: HubObject): Quantization | null {
  const quantization = config.quantization_config as HubObject | undefined;
  if (!quantization) {
    return typeof config.quantize === "string" ? ascend(config.quantize, []) : null;
  }
  const method = String(quantization.quant_method ?? "").replace(/_tensors$/, "-tensors");
  const parse = PARSERS[method];
  if (!parse) {
    throw new Error(
      `quantization method '${method}' is not known; known are ${Object.keys(PARSERS).join(", ")}: ` +
        "give the numbers with Model.fromNumbers",
    );
  }
  return parse(quantization);
}

/** Weights of Ascend's own quantizer: a scale and an offset for each output channel. */
function ascend(scheme: string, kept: readonly string[]): Quantization {
  const bits = /^w(\d+)a\d+/.exec(scheme.toLowerCase())?.[1];
  if (!bits) {
    throw new Error(
      `quantization '${scheme}' is not of the form w8a8: give the numbers with Model.fromNumbers`,
    );
  }
  return {
    method: scheme.toLowerCase().replace(/_.*/, ""),
    bits: Number(bits),
    ...CHANNEL,
    scaleBytes: 8,
    kept: [...kept, "re:.*\\.kv_b_proj"],
  };
}

function compressedTensors(config: HubObject): Quantization {
  const groups = Object.values((config.config_groups ?? {}) as { readonly [name: string]: HubObject });
  const weights = groups.map((entry) => entry.weights as HubObject | null).filter((entry) => entry !== null);
  if (weights.length === 0) {
    throw new Error(
      "quantization_config has no config_groups with weights: give the numbers with Model.fromNumbers",
    );
  }
  // Several groups quantize different layers; the widest weights never promise too little memory.
  const widest = weights.reduce((a, b) => (Number(b.num_bits) > Number(a.num_bits) ? b : a));
  const groupSize = Number(widest.group_size ?? 0);
  const scales = widest.block_structure
    ? blocks(widest.block_structure)
    : groupSize > 0
      ? { ...group(groupSize), scaleBytes: 2 }
      : CHANNEL;
  return {
    method: widest.type === "int" ? `w${String(widest.num_bits)}` : `fp${String(widest.num_bits)}`,
    bits: Number(widest.num_bits),
    ...scales,
    kept: keptOf(config),
  };
}

function grouped(config: HubObject): Quantization {
  const bits = Number(config.bits ?? config.w_bit ?? 4);
  const size = Number(config.group_size ?? config.q_group_size ?? 128);
  return {
    method: String(config.quant_method),
    bits,
    // A group has a 16-bit scale and a zero point of the width of a weight.
    ...(size > 0 ? group(size) : { blockRows: 1, blockColumns: null }),
    scaleBytes: 2 + bits / 8,
    kept: keptOf(config),
  };
}

function modelOptimizer(config: HubObject): Quantization {
  const algorithm = String(config.quant_algo ?? "FP8");
  const four = algorithm.includes("FP4");
  return {
    method: four ? "fp4" : "fp8",
    bits: four ? 4 : 8,
    ...(four ? { ...group(16), scaleBytes: 1 } : CHANNEL),
    kept: keptOf(config),
  };
}

function blocks(size: unknown): Pick<Quantization, "blockRows" | "blockColumns" | "scaleBytes"> {
  if (!Array.isArray(size)) {
    return CHANNEL;
  }
  return { blockRows: Number(size[0]), blockColumns: Number(size[1]), scaleBytes: 4 };
}

function group(size: number): Pick<Quantization, "blockRows" | "blockColumns"> {
  return { blockRows: 1, blockColumns: size };
}

function keptOf(config: HubObject): readonly string[] {
  const lists = [config.modules_to_not_convert, config.ignored_layers, config.ignore, config.exclude_modules];
  return lists.flatMap((list) => (Array.isArray(list) ? list.map(String) : []));
}
