import type { Quantization, QuantizationScheme, QuantizedPart } from "../../catalog/models";
import type { HubObject } from "./hub-keys";
import { blocks, CHANNEL, fourBits, group, keptOf } from "./quantization-schemes";

/** Names of classes, which stand for all modules of the kind. */
const CLASSES = ["Linear", "FusedMoE", "MoE"];

interface Group {
  readonly targets: readonly string[];
  readonly scheme: QuantizationScheme;
  readonly type: string;
}

/** The format of llm-compressor: groups of modules with a scheme for each. */
export function compressedTensors(config: HubObject, note: (assumption: string) => void): Quantization {
  const entries = Object.values((config.config_groups ?? {}) as { readonly [name: string]: HubObject });
  const groups = entries.flatMap((entry) => {
    const weights = entry.weights as HubObject | null | undefined;
    return weights ? [groupOf(entry, weights, String(entry.format ?? config.format ?? ""))] : [];
  });
  const kept = keptOf(config);
  const cache = config.kv_cache_scheme as HubObject | null | undefined;
  const cacheElementBytes = cache ? { cacheElementBytes: Number(cache.num_bits ?? 8) / 8 } : {};
  if (groups.length === 0) {
    note("quantization_config has no config_groups with weights: counted as 8 bits, at least 4");
    return { method: "unknown", bits: 8, ...CHANNEL, kept, ...cacheElementBytes };
  }
  const general = groups.filter(({ targets }) => targets.some((target) => CLASSES.includes(target)));
  const special = groups.filter((each) => !general.includes(each));
  // The widest weights never promise too little memory.
  const widest = (general.length > 0 ? general : special).reduce((a, b) =>
    b.scheme.bits > a.scheme.bits ? b : a,
  );
  const parts = special.map(({ targets, scheme }): QuantizedPart => ({ modules: targets, ...scheme }));
  return {
    method: `${widest.type === "int" ? "w" : "fp"}${widest.scheme.bits}`,
    ...widest.scheme,
    kept: general.length > 0 ? kept : ["re:.*"],
    ...(parts.length > 0 ? { parts } : {}),
    ...cacheElementBytes,
  };
}

function groupOf(entry: HubObject, weights: HubObject, format: string): Group {
  const bits = Number(weights.num_bits);
  const size = Number(weights.group_size ?? 0);
  const type = String(weights.type);
  return {
    type,
    // A group without targets is the only one.
    targets: Array.isArray(entry.targets) ? entry.targets.map(String) : ["Linear"],
    scheme: schemeOf(weights, bits, size, type, format),
  };
}

function schemeOf(
  weights: HubObject,
  bits: number,
  size: number,
  type: string,
  format: string,
): QuantizationScheme {
  if (weights.block_structure) {
    return { bits, ...blocks(weights.block_structure) };
  }
  if (size <= 0) {
    return { bits, ...CHANNEL };
  }
  return type === "float" && (bits === 4 || format.startsWith("mxfp"))
    ? { ...fourBits(size), bits }
    : { bits, ...group(size), scaleBytes: 2 };
}
