import { HubKeys, type HubObject } from "../../../../lib/topology/model/hub-keys";
import { blocksOf, layerEntries } from "../../../../lib/topology/model/hub-layers";

const LETTERS: { readonly [kind: string]: string } = {
  full: "F",
  window: "w",
  linear: "l",
  mamba: "m",
  sparse: "s",
  compressed: "c",
  none: "-",
};

/** A letter for each layer, and what was noted. */
function read(config: HubObject, layers = 8, isKnown = true): readonly [string, readonly string[]] {
  const notes: string[] = [];
  const entries = layerEntries(new HubKeys(config), layers, (text) => notes.push(text), isKnown);
  return [entries.map(({ kind }) => LETTERS[kind]).join(""), notes];
}

describe("layerEntries", () => {
  test.each<readonly [string, HubObject, string]>([
    ["nothing named", {}, "FFFFFFFF"],
    ["a window (Mistral)", { sliding_window: 4096 }, "wwwwwwww"],
    ["a window that is not used (Qwen2)", { sliding_window: 4096, use_sliding_window: false }, "FFFFFFFF"],
    [
      "a window of the upper layers (Qwen2)",
      { sliding_window: 4096, use_sliding_window: true, max_window_layers: 5 },
      "FFFFFwww",
    ],
    ["no window", { sliding_window: null }, "FFFFFFFF"],
    ["every n-th global (Gemma 3)", { sliding_window: 1024, sliding_window_pattern: 4 }, "wwwFwwwF"],
    ["every n-th global (Trinity)", { sliding_window: 1024, global_attn_every_n_layers: 4 }, "wwwFwwwF"],
    ["a pattern of letters (Exaone 4)", { sliding_window: 4096, sliding_window_pattern: "LLG" }, "wwFwwFww"],
    ["chunks (Llama 4)", { attention_chunk_size: 8192, interleave_moe_layer_step: 1 }, "wwwFwwwF"],
    ["a list of zeros and ones (MiMo)", { hybrid_layer_pattern: [0, 1, 1, 1, 0, 1, 1, 0] }, "FwwwFwwF"],
    ["local layers by number (Inkling)", { local_layer_ids: [0, 1, 3] }, "wwFwFFFF"],
    ["every n-th full (Qwen3-Next)", { full_attention_interval: 4 }, "lllFlllF"],
    // The layers behind the last whole group are full as well.
    ["groups (Ling)", { layer_group_size: 3 }, "llFllFFF"],
    ["full layers counted from 1 (Kimi)", { linear_attn_config: { full_attn_layers: [4, 8] } }, "lllFlllF"],
    ["kinds by number (MiniMax)", { attn_type_list: [0, 0, 1, 0, 0, 1, 0, 1] }, "llFllFlF"],
    ["a period (Jamba)", { attn_layer_period: 4, attn_layer_offset: 2 }, "mmFmmmFm"],
    [
      "sparse layers (MiniMax M3)",
      { sparse_attention_config: { sparse_attention_freq: [0, 1, 1, 1, 1, 1, 1, 1] } },
      "Fsssssss",
    ],
    [
      "ratios, with one more for MTP (DeepSeek-V4)",
      { compress_ratios: [0, 4, 128, 4, 128, 4, 128, 4, 0] },
      "cccccccc",
    ],
    [
      "names, with one more for MTP",
      {
        layer_types: [
          ...Array<string>(4).fill("sliding_attention"),
          ...Array<string>(5).fill("full_attention"),
        ],
      },
      "wwwwFFFF",
    ],
  ])("reads %s", (_, config, expected) => {
    expect(read(config)).toEqual([expected, []]);
  });

  test("notes what it takes for granted", () => {
    expect(read({ sliding_window: 4096 }, 2, false)).toEqual([
      "ww",
      ["all layers keep 'sliding_window' tokens"],
    ]);
    expect(read({ layer_types: ["conv", "full_attention"] }, 2)).toEqual([
      "FF",
      ["layers of the type 'conv' count as full attention"],
    ]);
  });

  test("knows the ratios of compressed layers by their names", () => {
    const config = {
      layer_types: ["compressed_sparse_attention", "heavily_compressed_attention"],
      compress_rates: { heavily_compressed_attention: 64 },
    };
    expect(layerEntries(new HubKeys(config), 2, () => undefined)).toEqual([
      { kind: "compressed", ratio: 4 },
      { kind: "compressed", ratio: 64 },
    ]);
  });
});

describe("blocksOf", () => {
  test.each([
    ["MEM*-", "m-mF-"],
    ["ME|M*", "m-mF"],
    [["mamba", "moe", "attention", "mlp"], "m-F-"],
    [["linear_attention", "moe", "full_attention"], "m-F"],
  ])("reads %j", (pattern, expected) => {
    expect(
      blocksOf(pattern)
        ?.map(({ kind }) => LETTERS[kind])
        .join(""),
    ).toBe(expected);
  });

  // Layers that have both a mixer and a feed-forward are named in the same place.
  test.each([[undefined], [["mamba", "attention"]], ["MXE"]])("leaves %j to the other keys", (pattern) => {
    expect(blocksOf(pattern)).toBeUndefined();
  });
});
