import type { HubKeys } from "./hub-keys";

/** What a layer mixes tokens with. */
export type LayerKind = "full" | "window" | "linear" | "mamba" | "sparse" | "compressed" | "none";

/** What a layer has behind its mixer, where the list of its layers says so. */
export type LayerPart = "mlp" | "moe";

/** One layer in the list of a configuration. */
export interface LayerEntry {
  readonly kind: LayerKind;
  /** Given where each entry of the list is either a mixer or a feed-forward. */
  readonly part?: LayerPart | "nothing";
  /** Tokens to a vector of a compressed cache. */
  readonly ratio?: number;
}

/** Names of layers in the lists of configurations. */
const KINDS: { readonly [name: string]: LayerEntry | undefined } = {
  full_attention: { kind: "full" },
  global_attention: { kind: "full" },
  attention: { kind: "full" },
  indexed_attention: { kind: "full" },
  deepseek_sparse_attention: { kind: "full" },
  minimax_m3_sparse: { kind: "sparse" },
  sliding_attention: { kind: "window" },
  local_attention: { kind: "window" },
  chunked_attention: { kind: "window" },
  hybrid_sliding: { kind: "window" },
  hybrid: { kind: "full" },
  linear_attention: { kind: "linear" },
  kda: { kind: "linear" },
  mamba: { kind: "mamba" },
  mamba2: { kind: "mamba" },
  compressed_sparse_attention: { kind: "compressed", ratio: 4 },
  heavily_compressed_attention: { kind: "compressed", ratio: 128 },
};

/** Entries of lists in which a layer is either a mixer or a feed-forward (Nemotron-H). */
const BLOCKS: { readonly [name: string]: LayerEntry | undefined } = {
  mamba: { kind: "mamba", part: "nothing" },
  M: { kind: "mamba", part: "nothing" },
  linear_attention: { kind: "mamba", part: "nothing" },
  attention: { kind: "full", part: "nothing" },
  full_attention: { kind: "full", part: "nothing" },
  "*": { kind: "full", part: "nothing" },
  moe: { kind: "none", part: "moe" },
  E: { kind: "none", part: "moe" },
  mlp: { kind: "none", part: "mlp" },
  "-": { kind: "none", part: "mlp" },
};

/** The layers of a pattern such as `MEM*-` or `["mamba", "moe"]`; `undefined`: its entries have no feed-forwards. */
export function blocksOf(
  pattern: string | readonly unknown[] | undefined,
): readonly LayerEntry[] | undefined {
  const entries = pattern === undefined ? [] : [...pattern].filter((name) => name !== "|");
  const known = entries.map((name) => BLOCKS[String(name)]);
  return known.every((entry) => entry !== undefined) && known.some(({ kind }) => kind === "none")
    ? known
    : undefined;
}

/**
 * The layers of a configuration, by whichever of its keys names them. The last entries of a list that is
 * longer than the layers belong to next-token prediction modules.
 *
 * @param note tells what was taken for granted
 * @param isKnown whether the catalogue holds the family, so that a lone window is one of all layers
 */
export function layerEntries(
  keys: HubKeys,
  layers: number,
  note: (text: string) => void,
  isKnown = false,
): readonly LayerEntry[] {
  const each = (of: (layer: number) => LayerEntry) => Array.from({ length: layers }, (_, layer) => of(layer));
  const full: LayerEntry = { kind: "full" };
  const window: LayerEntry = { kind: "window" };
  const linear: LayerEntry = { kind: "linear" };

  const types = keys.list("layer_types", "layers_block_type");
  if (types && types.length >= layers) {
    const rates = keys.object("compress_rates");
    const unknown = [...new Set(types.map(String))].filter((name) => KINDS[name] === undefined);
    if (unknown.length > 0) {
      note(`layers of the type '${unknown.join("', '")}' count as full attention`);
    }
    return each((layer) => {
      const name = String(types[layer]);
      const entry = KINDS[name] ?? full;
      return entry.ratio === undefined ? entry : { ...entry, ratio: rates?.whole(name) ?? entry.ratio };
    });
  }
  const ratios = keys.list("compress_ratios");
  if (ratios && ratios.length >= layers) {
    return each((layer) => ({ kind: "compressed", ratio: Number(ratios[layer]) }));
  }
  const pattern = keys.list("hybrid_layer_pattern");
  if (pattern && pattern.length >= layers) {
    return each((layer) => (Number(pattern[layer]) === 1 ? window : full));
  }
  const attentionTypes = keys.list("attn_type_list");
  if (attentionTypes && attentionTypes.length >= layers) {
    return each((layer) => (Number(attentionTypes[layer]) === 0 ? linear : full));
  }
  const named = keys.object("linear_attn_config")?.list("full_attn_layers");
  if (named) {
    return each((layer) => (named.includes(layer + 1) ? full : linear));
  }
  const local = keys.list("local_layer_ids");
  if (local) {
    return each((layer) => (local.includes(layer) ? window : full));
  }
  const sparse = keys.object("sparse_attention_config")?.list("sparse_attention_freq");
  if (sparse && sparse.length >= layers) {
    return each((layer) => (Number(sparse[layer]) === 1 ? { kind: "sparse" } : full));
  }
  // Every n-th layer is another than the rest.
  const interval = keys.whole("full_attention_interval", "layer_group_size");
  if (interval) {
    // The layers that are left over behind the last whole group are full ones (Ling).
    const grouped = keys.has("layer_group_size") ? Math.floor(layers / interval) * interval : layers;
    return each((layer) => ((layer + 1) % interval === 0 || layer >= grouped ? full : linear));
  }
  const period = keys.whole("attn_layer_period");
  if (period) {
    const offset = keys.whole("attn_layer_offset") ?? 0;
    return each((layer) => (layer % period === offset ? full : { kind: "mamba" }));
  }
  return windowEntries(keys, each, note, isKnown);
}

/** Layers of a configuration that only names its window. */
function windowEntries(
  keys: HubKeys,
  each: (of: (layer: number) => LayerEntry) => readonly LayerEntry[],
  note: (text: string) => void,
  isKnown: boolean,
): readonly LayerEntry[] {
  const full: LayerEntry = { kind: "full" };
  const window: LayerEntry = { kind: "window" };
  const every = keys.whole("global_attn_every_n_layers", "_sliding_window_pattern");
  const pattern = keys.config.sliding_window_pattern;
  const interval = every ?? (typeof pattern === "number" ? pattern : undefined);
  if (interval) {
    return each((layer) => ((layer + 1) % interval === 0 ? full : window));
  }
  if (typeof pattern === "string" && pattern !== "") {
    return each((layer) => (pattern[layer % pattern.length] === "L" ? window : full));
  }
  if (keys.has("attention_chunk_size") && keys.has("interleave_moe_layer_step")) {
    // Llama 4: the layers with rotary positions look at chunks.
    const step = keys.whole("no_rope_layer_interval") ?? 4;
    return each((layer) => ((layer + 1) % step === 0 ? full : window));
  }
  if (!keys.whole("sliding_window") || keys.config.use_sliding_window === false) {
    return each(() => full);
  }
  if (keys.is("use_sliding_window")) {
    const first = keys.whole("max_window_layers") ?? 0;
    return each((layer) => (layer >= first ? window : full));
  }
  // Mistral and Phi: all layers.
  if (!isKnown) {
    note("all layers keep 'sliding_window' tokens");
  }
  return each(() => window);
}
