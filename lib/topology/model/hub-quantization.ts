import type { Quantization, QuantizationScheme, QuantizedPart } from "../../catalog/models";
import { compressedTensors } from "./compressed-tensors";
import { textOf } from "./hub-config";
import { hasExperts } from "./hub-experts";
import { HubKeys, type HubObject } from "./hub-keys";
import { blocks, CHANNEL, fourBits, group, keptOf, ofAlgorithm } from "./quantization-schemes";

export type { HubObject } from "./hub-keys";

/** Tells what was taken for granted. */
export type Note = (assumption: string) => void;

type Parser = (config: HubObject, note: Note) => Quantization;

const PARSERS: { readonly [method: string]: Parser | undefined } = {
  fp8: (config) => ({ method: "fp8", bits: 8, ...blocks(config.weight_block_size), kept: keptOf(config) }),
  fbgemm_fp8: (config) => ({ method: "fp8", bits: 8, ...CHANNEL, kept: keptOf(config) }),
  "compressed-tensors": compressedTensors,
  gptq: grouped,
  gptq_marlin: grouped,
  awq: grouped,
  awq_marlin: grouped,
  "auto-round": grouped,
  "intel/auto-round": grouped,
  inc: grouped,
  modelopt: modelOptimizer,
  modelopt_fp4: modelOptimizer,
  modelopt_mixed: modelOptimizer,
  mxfp4: (config) => ({ method: "mxfp4", ...fourBits(32), kept: keptOf(config) }),
  mxfp8: (config) => ({ method: "mxfp8", bits: 8, ...group(32), scaleBytes: 1, kept: keptOf(config) }),
  quark,
  torchao: torchAo,
  bitsandbytes: (config) => ({
    method: "bitsandbytes",
    bits: config.load_in_4bit === true ? 4 : 8,
    // Its 4-bit format keeps one 32-bit scale for 64 weights, or 8 bits and one for 256 of them; its 8-bit format one for a row.
    ...(config.load_in_4bit === true
      ? { ...group(64), scaleBytes: config.bnb_4bit_use_double_quant === true ? 1 + 4 / 256 : 4 }
      : CHANNEL),
    kept: keptOf(config),
  }),
  ascend: (config, note) =>
    config.description
      ? described(objectOf(config.description), note)
      : ascend(String(config.quantize ?? "w8a8"), keptOf(config), note),
};

const ALL_BUT_EXPERTS = ["re:(?!.*(?:\\.experts\\.|\\.kv_b_proj)).*"];

/** How a Hugging Face configuration quantizes the weights; `null`: not at all. */
export function quantizationOf(config: HubObject, note: Note = () => undefined): Quantization | null {
  // Multimodal configurations have it beside the language model, or in it.
  const given = config.quantization_config ?? textOf(config).quantization_config;
  const quantization = given as HubObject | null | undefined;
  const quantize = typeof config.quantize === "string" ? config.quantize : undefined;
  if (!quantization) {
    return quantize === undefined ? null : mixed(ascend(quantize, [], note), config);
  }
  const method = String(quantization.quant_method ?? "").replace(/_tensors$/, "-tensors");
  // The first formats of Ascend's quantizer and of the Model Optimizer name no method.
  const implied = quantize === undefined ? (quantization.quant_algo ? "modelopt" : "") : "ascend";
  const name = method === "" ? implied : method;
  const parse = PARSERS[name];
  const parsed = parse
    ? parse({ quantize, ...quantization }, note)
    : unknown(`quantization method '${method}' is not known`, keptOf(quantization), note);
  const read = name === "ascend" && !quantization.description ? mixed(parsed, config) : parsed;
  return textOf(config).expert_dtype === "fp4"
    ? { ...read, parts: [fourBitExperts(), ...(read.parts ?? [])] }
    : read;
}

/** A method that we do not know: most are of 8 bits, and none has less than 4. */
function unknown(what: string, kept: readonly string[], note: Note): Quantization {
  note(`${what}: counted as 8 bits, at least 4`);
  return { method: "unknown", bits: 8, ...CHANNEL, kept };
}

/** DeepSeek-V4 stores its experts in 4 bits and the rest in 8. */
function fourBitExperts(): QuantizedPart {
  return { modules: ["re:.*\\.experts\\."], ...fourBits(32) };
}

/** With 4 bits the experts alone have these (vllm-ascend `Design_Documents/quantization.md`), the rest has 8. */
function mixed(quantization: Quantization, config: HubObject): Quantization {
  const { blockRows, blockColumns, scaleBytes } = quantization;
  return quantization.bits === 4 && hasExperts(new HubKeys(textOf(config)))
    ? { ...quantization, parts: [{ bits: 8, blockRows, blockColumns, scaleBytes, modules: ALL_BUT_EXPERTS }] }
    : quantization;
}

/** Weights of Ascend's own quantizer: a scale and an offset for each output channel. */
export function ascend(scheme: string, kept: readonly string[], note: Note): Quantization {
  const bits = /^w(\d+)a\d+/.exec(scheme.toLowerCase())?.[1];
  if (!bits) {
    return unknown(`quantization '${scheme}' is not of the form w8a8`, kept, note);
  }
  const weights = { ...CHANNEL, scaleBytes: 8 };
  return {
    method: scheme.toLowerCase().replace(/_.*/, ""),
    ...weights,
    bits: Number(bits),
    kept: [...kept, "re:.*\\.kv_b_proj"],
  };
}

/** Keys of `quant_model_description.json` that are no weights. */
const DESCRIPTION_KEYS = [
  "model_quant_type",
  "version",
  "group_size",
  "kv_cache_type",
  "kv_quant_type",
  "fa_quant_type",
];

/** Ascend's quantizer as its description has it: the type of each weight, `FLOAT` where it is as it was. */
function described(description: HubObject, note: Note): Quantization {
  const weights = Object.entries(description).filter(
    ([name, type]) => typeof type === "string" && /\.weight$/.test(name) && !DESCRIPTION_KEYS.includes(name),
  );
  const modulesOf = (wanted: string) =>
    weights.filter(([, type]) => type === wanted).map(([name]) => name.replace(/\.weight$/, ""));
  const types = [...new Set(weights.map(([, type]) => String(type)))].filter((type) => type !== "FLOAT");
  const byCount = types.sort((a, b) => modulesOf(b).length - modulesOf(a).length);
  const main = String(description.model_quant_type ?? byCount[0] ?? "W8A8");
  const cache = String(description.kv_cache_type ?? description.kv_quant_type ?? "");
  const general = ascend(byCount.includes(main) ? main : (byCount[0] ?? main), modulesOf("FLOAT"), note);
  const parts = byCount
    .filter((type) => bitsOf(type) !== general.bits)
    .map((type): QuantizedPart => ({ ...ascend(type, [], note), modules: modulesOf(type) }));
  return {
    ...general,
    ...(parts.length > 0 ? { parts } : {}),
    ...(/8/.test(cache) ? { cacheElementBytes: 1 } : {}),
  };
}

function bitsOf(type: string): number {
  return Number(/^w(\d+)/i.exec(type)?.[1] ?? 8);
}

/** GPTQ, AWQ and AutoRound: a 16-bit scale and a zero point of the width of a weight for each group. */
function grouped(config: HubObject): Quantization {
  const bits = Number(config.bits ?? config.w_bit ?? 4);
  const size = Number(config.group_size ?? config.q_group_size ?? 128);
  const scheme = (width: number, columns: number): QuantizationScheme => ({
    bits: width,
    ...(columns > 0 ? group(columns) : { blockRows: 1, blockColumns: null }),
    scaleBytes: 2 + width / 8,
  });
  const own = Object.entries({ ...objectOf(config.dynamic), ...objectOf(config.extra_config) });
  const parts = own.map(([name, value]): QuantizedPart => {
    const set = objectOf(value);
    const left = name.startsWith("-:") || Number(set.bits ?? bits) >= 16;
    const pattern = /^[-+]:/.test(name) ? `re:${name.slice(2).replace(/^\^/, "")}` : name;
    return left
      ? { modules: [pattern], bits: 16, blockRows: null, blockColumns: null, scaleBytes: 0 }
      : { modules: [pattern], ...scheme(Number(set.bits ?? bits), Number(set.group_size ?? size)) };
  });
  return {
    method: String(config.quant_method),
    ...scheme(bits, size),
    kept: keptOf(config),
    ...(parts.length > 0 ? { parts } : {}),
  };
}

/** NVIDIA's Model Optimizer: one algorithm for all layers, or one for each. */
function modelOptimizer(config: HubObject): Quantization {
  const layers = Object.entries(objectOf(config.quantized_layers));
  const algorithm = String(config.quant_algo ?? "FP8");
  const cache = String(config.kv_cache_quant_algo ?? objectOf(config.kv_cache_scheme).type ?? "");
  const cacheElementBytes = /fp8|float/i.test(cache) ? { cacheElementBytes: 1 } : {};
  if (layers.length === 0) {
    const size = Number(config.group_size ?? 16);
    const scheme = ofAlgorithm(algorithm, size);
    return {
      method: scheme.bits === 4 ? "fp4" : "fp8",
      ...scheme,
      kept: keptOf(config),
      ...cacheElementBytes,
    };
  }
  const algorithms = [...new Set(layers.map(([, layer]) => JSON.stringify(layer)))];
  const parts = algorithms.map((key): QuantizedPart => {
    const layer = JSON.parse(key) as HubObject;
    return {
      modules: layers.filter(([, value]) => JSON.stringify(value) === key).map(([name]) => name),
      ...ofAlgorithm(String(layer.quant_algo), Number(layer.group_size ?? 16)),
    };
  });
  const widest = parts.reduce((a, b) => (b.modules.length > a.modules.length ? b : a));
  return { ...widest, method: "modelopt", kept: ["re:.*"], parts, ...cacheElementBytes };
}

/** AMD's Quark. */
function quark(config: HubObject, note: Note): Quantization {
  const weightOf = (value: unknown): QuantizationScheme | undefined => {
    const given = objectOf(value).weight;
    const weight = objectOf(Array.isArray(given) ? given[0] : given);
    const type = String(weight.dtype ?? "");
    const bits = Number(/\d+/.exec(type)?.[0] ?? 0);
    const size = Number(weight.group_size ?? 0);
    if (bits === 0) {
      return undefined;
    }
    // MX formats keep the exponent of a group, the others a scale.
    const scaleBytes = bits === 4 && type.startsWith("fp") ? 1 : 2;
    return size > 0 ? { bits, ...group(size), scaleBytes } : { bits, ...CHANNEL };
  };
  const kept = keptOf(config);
  const all = weightOf(config.global_quant_config);
  const parts = Object.entries(objectOf(config.layer_quant_config)).flatMap(([pattern, value]) => {
    const scheme = weightOf(value);
    return scheme ? [{ modules: [pattern], ...scheme }] : [];
  });
  return all
    ? { method: "quark", ...all, kept, ...(parts.length > 0 ? { parts } : {}) }
    : unknown("the element type of quark's weights is not known", kept, note);
}

function torchAo(config: HubObject, note: Note): Quantization {
  const type = objectOf(objectOf(config.quant_type).default);
  const name = String(type._type ?? config.quant_type ?? "");
  const bits = /int4|uint4|fp4/i.test(name) ? 4 : /int8|float8|fp8/i.test(name) ? 8 : 0;
  const kept = keptOf(config);
  if (bits === 0) {
    return unknown(`torchao's '${name}' is not known`, kept, note);
  }
  const size = Number(objectOf(type._data).group_size ?? 128);
  return {
    method: "torchao",
    bits,
    ...(bits === 4 ? { ...group(size), scaleBytes: 4 } : CHANNEL),
    kept,
  };
}

function objectOf(value: unknown): HubObject {
  return typeof value === "object" && value !== null ? (value as HubObject) : {};
}
