import type { ExpertLayers, LatentAttention, ModelShape } from "../../catalog/models";

/** How tensor parallelism spreads a module over its ranks. */
export type Spread =
  /** One part for each rank. */
  | "sharded"
  /** Cut by key/value heads: copied where there are more ranks than heads. */
  | "kv-heads"
  /** Whole on every rank. */
  | "replicated"
  /** Routed experts: cut over tensor times data parallel ranks. */
  | "experts";

/** A weight of a layer. */
export interface Module {
  /** Name as in the safetensors files, without `.weight`; of all routed experts the first stands for the rest. */
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  /** Number of identical ones. */
  readonly count: number;
  readonly spread: Spread;
  /** Whether a quantizer changes it. */
  readonly linear: boolean;
}

/** Whether a layer has experts. */
export function hasExperts(shape: ModelShape, layer: number): boolean {
  return shape.moe !== null && !shape.moe.denseLayers.includes(layer);
}

/** Weights of one layer, norms and biases included. */
export function layerModules(shape: ModelShape, layer: number): readonly Module[] {
  const prefix = `model.layers.${layer}`;
  return [
    ...(shape.mla
      ? latentAttention(shape, shape.mla, `${prefix}.self_attn`)
      : attention(shape, `${prefix}.self_attn`)),
    ...(shape.moe && hasExperts(shape, layer)
      ? experts(shape.hiddenSize, shape.moe, `${prefix}.mlp`)
      : feedForward(shape.hiddenSize, shape.intermediateSize, `${prefix}.mlp`)),
    vector(`${prefix}.input_layernorm`, shape.hiddenSize),
    vector(`${prefix}.post_attention_layernorm`, shape.hiddenSize),
  ];
}

/** Weights that a next-token prediction module has besides those of a layer: joint, norms, embedding, head. */
export function nextTokenExtras(shape: ModelShape, layer: number): readonly Module[] {
  const prefix = `model.layers.${layer}`;
  const { hiddenSize, vocabularySize } = shape;
  return [
    { ...matrix(`${prefix}.eh_proj`, hiddenSize, 2 * hiddenSize, "replicated"), linear: false },
    { ...matrix(`${prefix}.embed_tokens`, vocabularySize, hiddenSize, "sharded"), linear: false },
    { ...matrix(`${prefix}.shared_head.head`, vocabularySize, hiddenSize, "sharded"), linear: false },
    vector(`${prefix}.enorm`, hiddenSize),
    vector(`${prefix}.hnorm`, hiddenSize),
    vector(`${prefix}.shared_head.norm`, hiddenSize),
  ];
}

function attention(shape: ModelShape, prefix: string): readonly Module[] {
  const { hiddenSize, attentionHeads, kvHeads, headDim } = shape;
  const queries = attentionHeads * headDim;
  const keys = kvHeads * headDim;
  const bias = shape.attentionBias;
  return [
    matrix(`${prefix}.q_proj`, queries, hiddenSize, "sharded"),
    matrix(`${prefix}.k_proj`, keys, hiddenSize, "kv-heads"),
    matrix(`${prefix}.v_proj`, keys, hiddenSize, "kv-heads"),
    matrix(`${prefix}.o_proj`, hiddenSize, queries, "sharded"),
    ...(bias === "none" ? [] : [vector(`${prefix}.bias`, queries + 2 * keys)]),
    ...(bias === "qkvo" ? [vector(`${prefix}.o_bias`, hiddenSize)] : []),
    ...(shape.queryKeyNorm ? [vector(`${prefix}.qk_norm`, 2 * headDim)] : []),
  ];
}

function latentAttention(shape: ModelShape, mla: LatentAttention, prefix: string): readonly Module[] {
  const { hiddenSize, attentionHeads } = shape;
  const { queryRank, kvRank, nopeHeadDim, ropeHeadDim, valueHeadDim } = mla;
  const queries = attentionHeads * (nopeHeadDim + ropeHeadDim);
  return [
    ...(queryRank === null
      ? [matrix(`${prefix}.q_proj`, queries, hiddenSize, "sharded")]
      : [
          matrix(`${prefix}.q_a_proj`, queryRank, hiddenSize, "replicated"),
          vector(`${prefix}.q_a_layernorm`, queryRank),
          matrix(`${prefix}.q_b_proj`, queries, queryRank, "sharded"),
        ]),
    matrix(`${prefix}.kv_a_proj_with_mqa`, kvRank + ropeHeadDim, hiddenSize, "replicated"),
    vector(`${prefix}.kv_a_layernorm`, kvRank),
    matrix(`${prefix}.kv_b_proj`, attentionHeads * (nopeHeadDim + valueHeadDim), kvRank, "sharded"),
    matrix(`${prefix}.o_proj`, hiddenSize, attentionHeads * valueHeadDim, "sharded"),
  ];
}

function experts(hiddenSize: number, moe: ExpertLayers, prefix: string): readonly Module[] {
  const { experts: count, expertWidth, sharedWidth, sharedGate } = moe;
  return [
    // Routers are small and decide which expert a token goes to: no quantizer touches them.
    { ...matrix(`${prefix}.gate`, count, hiddenSize, "replicated"), linear: false },
    ...feedForward(hiddenSize, expertWidth, `${prefix}.experts.0`).map((module): Module => ({
      ...module,
      count,
      spread: "experts",
    })),
    ...(sharedWidth > 0 ? feedForward(hiddenSize, sharedWidth, `${prefix}.shared_experts`) : []),
    ...(sharedGate ? [vector(`${prefix}.shared_expert_gate`, hiddenSize)] : []),
  ];
}

function feedForward(hiddenSize: number, width: number, prefix: string): readonly Module[] {
  return [
    matrix(`${prefix}.gate_proj`, width, hiddenSize, "sharded"),
    matrix(`${prefix}.up_proj`, width, hiddenSize, "sharded"),
    matrix(`${prefix}.down_proj`, hiddenSize, width, "sharded"),
  ];
}

function matrix(name: string, rows: number, columns: number, spread: Spread): Module {
  return { name, rows, columns, count: 1, spread, linear: true };
}

function vector(name: string, length: number): Module {
  return { name, rows: length, columns: 1, count: 1, spread: "replicated", linear: false };
}
