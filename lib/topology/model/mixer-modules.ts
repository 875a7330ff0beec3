import type {
  CompressedMixer,
  HeadsMixer,
  Indexer,
  LatentMixer,
  LinearMixer,
  MambaMixer,
  Mixer,
} from "./layer-structure";
import { kvMatrix, matrix, type Module, plain, vector, vectors } from "./module";

/** Weights that mix the tokens of a layer. */
export function mixerModules(mixer: Mixer, hiddenSize: number, prefix: string): readonly Module[] {
  switch (mixer?.kind) {
    case undefined:
      return [];
    case "heads":
      return attention(mixer, hiddenSize, `${prefix}.self_attn`);
    case "latent":
      return latentAttention(mixer, hiddenSize, `${prefix}.self_attn`);
    case "compressed":
      return compressedAttention(mixer, hiddenSize, `${prefix}.self_attn`);
    case "linear":
      return linearAttention(mixer, hiddenSize, `${prefix}.linear_attn`);
    case "mamba":
      return mamba(mixer, hiddenSize, `${prefix}.mixer`);
  }
}

function attention(mixer: HeadsMixer, hiddenSize: number, prefix: string): readonly Module[] {
  const { heads, kvHeads, keyDim, valueDim, bias, outputGate } = mixer;
  const queries = heads * keyDim;
  const keys = kvHeads * keyDim;
  const values = kvHeads * valueDim;
  const gate = outputGate === "elements" ? heads * valueDim : outputGate === "heads" ? heads : 0;
  const biases = bias === "none" ? 0 : queries + keys + values;
  return [
    matrix(`${prefix}.q_proj`, queries, hiddenSize),
    ...(gate > 0 ? [matrix(`${prefix}.g_proj`, gate, hiddenSize)] : []),
    ...(mixer.ownKeys ? [kvMatrix(`${prefix}.k_proj`, keys, hiddenSize)] : []),
    ...(mixer.ownKeys && mixer.ownValues ? [kvMatrix(`${prefix}.v_proj`, values, hiddenSize)] : []),
    matrix(`${prefix}.o_proj`, hiddenSize, heads * valueDim, "columns"),
    ...vectors(`${prefix}.bias`, biases),
    ...vectors(`${prefix}.o_bias`, bias === "qkvo" ? hiddenSize : 0),
    ...vectors(`${prefix}.qk_norm`, mixer.normElements),
    ...vectors(`${prefix}.sinks`, mixer.extraElements),
    ...(mixer.indexer ? blockIndexer(mixer.indexer, hiddenSize, `${prefix}.indexer`) : []),
  ];
}

function latentAttention(mixer: LatentMixer, hiddenSize: number, prefix: string): readonly Module[] {
  const { heads, latent, outputGate } = mixer;
  const { queryRank, kvRank, nopeHeadDim, ropeHeadDim, valueHeadDim } = latent;
  const queries = heads * (nopeHeadDim + ropeHeadDim);
  const gate = outputGate === "elements" ? heads * valueHeadDim : outputGate === "heads" ? heads : 0;
  return [
    ...(queryRank === null
      ? [matrix(`${prefix}.q_proj`, queries, hiddenSize)]
      : [
          matrix(`${prefix}.q_a_proj`, queryRank, hiddenSize, "nothing"),
          vector(`${prefix}.q_a_layernorm`, queryRank),
          matrix(`${prefix}.q_b_proj`, queries, queryRank),
        ]),
    // Engines hold a gate of one number for each head whole (vLLM `dots3_note`, `bailing_moe_v3`).
    ...(gate > 0
      ? [matrix(`${prefix}.g_proj`, gate, hiddenSize, outputGate === "heads" ? "nothing" : "rows")]
      : []),
    matrix(`${prefix}.kv_a_proj_with_mqa`, kvRank + ropeHeadDim, hiddenSize, "nothing"),
    vector(`${prefix}.kv_a_layernorm`, kvRank),
    matrix(`${prefix}.kv_b_proj`, heads * (nopeHeadDim + valueHeadDim), kvRank),
    matrix(`${prefix}.o_proj`, hiddenSize, heads * valueHeadDim, "columns"),
    ...(mixer.indexer ? tokenIndexer(mixer.indexer, hiddenSize, `${prefix}.indexer`) : []),
  ];
}

function compressedAttention(mixer: CompressedMixer, hiddenSize: number, prefix: string): readonly Module[] {
  const { heads, headDim, queryRank, outputGroups, outputRank, ratio } = mixer;
  // A vector for few tokens is made of two halves that overlap.
  const compressor = ratio > 0 ? (ratio <= 4 ? 2 : 1) * headDim : 0;
  return [
    matrix(`${prefix}.wq_a`, queryRank, hiddenSize, "nothing"),
    matrix(`${prefix}.wq_b`, heads * headDim, queryRank),
    matrix(`${prefix}.wkv`, headDim, hiddenSize, "nothing"),
    matrix(`${prefix}.wo_a`, outputGroups * outputRank, (heads * headDim) / outputGroups),
    matrix(`${prefix}.wo_b`, hiddenSize, outputGroups * outputRank, "columns"),
    ...(compressor > 0
      ? ["wkv", "wgate"].map((name) => plain(`${prefix}.compressor.${name}`, compressor, hiddenSize))
      : []),
    ...(mixer.indexer
      ? [
          matrix(`${prefix}.indexer.wq_b`, mixer.indexer.heads * mixer.indexer.headDim, queryRank, "nothing"),
          plain(`${prefix}.indexer.weights_proj`, mixer.indexer.heads, hiddenSize),
          ...["wkv", "wgate"].map((name) =>
            plain(`${prefix}.indexer.compressor.${name}`, 2 * (mixer.indexer?.headDim ?? 0), hiddenSize),
          ),
        ]
      : []),
    vector(`${prefix}.norms`, queryRank + headDim + heads),
  ];
}

function tokenIndexer(indexer: Indexer, hiddenSize: number, prefix: string): readonly Module[] {
  return [
    matrix(`${prefix}.wq_b`, indexer.heads * indexer.headDim, indexer.queryWidth, "nothing"),
    matrix(`${prefix}.wk`, indexer.headDim, hiddenSize, "nothing"),
    plain(`${prefix}.weights_proj`, indexer.heads, hiddenSize),
    vector(`${prefix}.k_norm`, 2 * indexer.headDim),
  ];
}

function blockIndexer(indexer: Indexer, hiddenSize: number, prefix: string): readonly Module[] {
  return [
    matrix(`${prefix}.q_proj`, indexer.heads * indexer.headDim, hiddenSize, "nothing"),
    matrix(`${prefix}.k_proj`, indexer.headDim, hiddenSize, "nothing"),
    vector(`${prefix}.qk_norm`, 2 * indexer.headDim),
  ];
}

function linearAttention(mixer: LinearMixer, hiddenSize: number, prefix: string): readonly Module[] {
  const { form, keyHeads, valueHeads, keyDim, valueDim, kernel, forgetRank, outputRank } = mixer;
  const keys = keyHeads * keyDim;
  const values = valueHeads * valueDim;
  const gate = (name: string, rank: number): readonly Module[] =>
    rank === 0
      ? [matrix(`${prefix}.${name}_proj`, values, hiddenSize)]
      : [
          matrix(`${prefix}.${name}_a_proj`, rank, hiddenSize, "nothing"),
          matrix(`${prefix}.${name}_b_proj`, values, rank),
        ];
  const output = matrix(`${prefix}.out_proj`, hiddenSize, values, "columns");
  switch (form) {
    case "gated-delta":
      return [
        matrix(`${prefix}.in_proj_qkv`, 2 * keys + values, hiddenSize),
        matrix(`${prefix}.in_proj_z`, values, hiddenSize),
        plain(`${prefix}.in_proj_ba`, 2 * valueHeads, hiddenSize),
        vector(`${prefix}.conv1d`, (2 * keys + values) * kernel),
        vector(`${prefix}.norm`, 2 * valueHeads + valueDim),
        output,
      ];
    case "kda":
      return [
        ...["q", "k", "v"].map((name) => matrix(`${prefix}.${name}_proj`, values, hiddenSize)),
        ...gate("f", forgetRank),
        ...gate("g", outputRank),
        plain(`${prefix}.b_proj`, valueHeads, hiddenSize),
        vector(`${prefix}.conv1d`, 3 * values * kernel),
        vector(`${prefix}.norm`, values + valueHeads + valueDim),
        output,
      ];
    case "lightning":
      return [
        matrix(`${prefix}.query_key_value`, 2 * keys + values, hiddenSize),
        matrix(`${prefix}.g_proj`, values, hiddenSize),
        vector(`${prefix}.norm`, values + 2 * keyDim),
        output,
      ];
  }
}

function mamba(mixer: MambaMixer, hiddenSize: number, prefix: string): readonly Module[] {
  const { heads, headDim, groups, stateSize, kernel } = mixer;
  const inner = heads * headDim;
  const mixed = inner + 2 * groups * stateSize;
  return [
    matrix(`${prefix}.in_proj`, inner + mixed + heads, hiddenSize),
    vector(`${prefix}.conv1d`, mixed * (kernel + 1)),
    vector(`${prefix}.norm`, 3 * heads + inner),
    matrix(`${prefix}.out_proj`, hiddenSize, inner, "columns"),
  ];
}
