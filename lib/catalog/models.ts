import type { Collective, FactRow } from "./facts";
import architectureRows from "./model-architectures.json";
import familyRows from "./model-families.json";
import modelRows from "./models.json";
import { table } from "./table";

/** Latent attention (MLA): keys and values of all heads come from one small vector per token. */
export interface LatentAttention {
  /** Rank of the query's down-projection; `null`: the query is projected at once. */
  readonly queryRank: number | null;
  /** Rank of the vector that the cache holds. */
  readonly kvRank: number;
  /** Width of a query or key head without its rotary part. */
  readonly nopeHeadDim: number;
  /** Width of the rotary part, which the cache holds besides. */
  readonly ropeHeadDim: number;
  /** Width of a value head. */
  readonly valueHeadDim: number;
}

/** Mixture of experts. */
export interface ExpertLayers {
  /** Routed experts of one layer. */
  readonly experts: number;
  /** Routed experts that one token passes. */
  readonly activeExperts: number;
  /** Intermediate width of one routed expert. */
  readonly expertWidth: number;
  /** Intermediate width of all shared experts of a layer together; 0: none. */
  readonly sharedWidth: number;
  /** Whether the shared experts have a gate of their own. */
  readonly sharedGate: boolean;
  /** Layers without experts, from 0. */
  readonly denseLayers: readonly number[];
}

/** The numbers of a `config.json` that decide parameters, weights and cache. */
export interface ModelShape {
  /** `model_type` of the Hugging Face configuration. */
  readonly modelType: string;
  /** Width of a token between the layers. */
  readonly hiddenSize: number;
  /** Intermediate width of a dense feed-forward. */
  readonly intermediateSize: number;
  /** Transformer layers, without next-token prediction modules. */
  readonly layers: number;
  /** Query heads of each layer. */
  readonly attentionHeads: number;
  /** Key/value heads; with MLA the cache does not depend on them. */
  readonly kvHeads: number;
  /** Width of a head. */
  readonly headDim: number;
  /** Rows of the embedding table. */
  readonly vocabularySize: number;
  /** Whether the output head is the embedding table. */
  readonly tiedEmbeddings: boolean;
  /** Latent attention; `null`: the model has none. */
  readonly mla: LatentAttention | null;
  /** Mixture of experts; `null`: the model has none. */
  readonly moe: ExpertLayers | null;
  /** Next-token prediction modules (MTP) behind the last layer: on disk, loaded only for speculative decoding. */
  readonly nextTokenModules: number;
  /** `max_position_embeddings`; 0: not known. */
  readonly maximumContextTokens: number;
  /** What each layer keeps for a sequence, in the order of the layers. */
  readonly layerCaches: readonly LayerCache[];
}

/** How a layer keeps what it has read. */
export type LayerCacheKind =
  /** Keys and values of all tokens. */
  | "full"
  /** Keys and values of the last tokens. */
  | "window"
  /** One vector for each token, the same on all ranks. */
  | "latent"
  | "latent-window"
  /** One vector for several tokens, and a window of single ones. */
  | "compressed"
  /** A state of fixed size (linear attention, state-space layers). */
  | "state"
  /** Nothing, or what an earlier layer keeps. */
  | "none";

/** What one layer keeps for a sequence. */
export interface LayerCache {
  /** How the layer keeps what it has read. */
  readonly kind: LayerCacheKind;
  /** Key/value heads, which tensor parallelism spreads; 0: not spread. */
  readonly kvHeads: number;
  /** Elements of one token: keys and values of one KV head, or the one vector. */
  readonly elements: number;
  /** Bytes of one token (compressed: of one vector) for the choice of a sparse attention. */
  readonly indexBytes: number;
  /** Tokens that a window keeps. */
  readonly windowTokens: number;
  /** Tokens to one vector of a compressed cache; 0: it has only the window. */
  readonly ratio: number;
  /** Bytes of a state, for one sequence and all heads. */
  readonly stateBytes: number;
  /** Heads of a state, which tensor parallelism spreads. */
  readonly stateHeads: number;
}

/** Projections of the attention that have a bias. */
export type AttentionBias = "none" | "qkv" | "qkvo";

/** How the weights of some modules are stored. */
export interface QuantizationScheme {
  /** Bits of one weight; 16: not quantized. */
  readonly bits: number;
  /** Rows (outputs) that share a scale; `null`: all. */
  readonly blockRows: number | null;
  /** Columns (inputs) that share a scale; `null`: all. */
  readonly blockColumns: number | null;
  /** Bytes of the scale of one block, its offset included. */
  readonly scaleBytes: number;
}

/** Modules that are quantized in another way than the rest. */
export interface QuantizedPart extends QuantizationScheme {
  /** Patterns as in `Quantization.kept`. */
  readonly modules: readonly string[];
}

/** How the linear layers are quantized. Embedding, head, norms and routers never are. */
export interface Quantization extends QuantizationScheme {
  /** As the checkpoint names it, e.g. `fp8`, `awq`. */
  readonly method: string;
  /** Modules left as they are: a name or a part of it between dots, a glob, or `re:` and an expression. */
  readonly kept: readonly string[];
  /**
   * Modules with a scheme of their own; the first that matches counts, also before `kept`.
   *
   * @default - none
   */
  readonly parts?: readonly QuantizedPart[];
  /**
   * Bytes of an element of the cache, where the checkpoint says it.
   *
   * @default - those of the model's element type
   */
  readonly cacheElementBytes?: number;
}

/** An architecture that several models share, as the keys of its `config.json`. */
export interface ModelArchitecture extends FactRow {
  readonly id: string;
  readonly config: { readonly [key: string]: unknown };
}

/** Hub on which a repository lies. */
export type ModelHub = "huggingface" | "modelscope";

/** One published model. */
export interface ModelFacts extends FactRow {
  /** Key, e.g. `llama-3.1-405b-fp8`. */
  readonly id: string;
  readonly title: string;
  /** The trained model; variants of one release differ only in the format of their weights. */
  readonly release: string;
  readonly hub: ModelHub;
  /** Repository on the hub, `owner/name`. */
  readonly hubRepository: string;
  /** Native element type: `bfloat16`, `float16`. */
  readonly dtype: string;
  readonly quantization: Quantization | null;
  /** Parameters of the model itself, without next-token prediction modules. */
  readonly parameters: number;
  /** Bytes of the weight files. */
  readonly weightBytes: number;
  /** `published`: read from a file listing; `computed`: from the architecture, about 0.1 % off. */
  readonly weightBytesBasis: "published" | "computed";
  /** Libraries whose accelerators cannot compute with these weights. */
  readonly unfitFor: readonly Collective[];
  readonly architecture: ModelArchitecture;
}

/** How a family of models (`model_type`) is built, where its configuration does not say it. */
export interface ModelFamily extends FactRow {
  readonly modelType: string;
  /** `config-…`: only where `attention_bias` is true. */
  readonly bias: "none" | "qkv" | "config-qkv" | "config-qkvo";
  /** `head`: one for each of queries and keys, as wide as a head; `layer`: as wide as all heads; `config`: `use_qk_norm`. */
  readonly queryKeyNorm: "never" | "head" | "layer" | "config";
  /** Gate on the output of the attention. @default - as the configuration says */
  readonly outputGate?: "none" | "elements" | "heads";
  /** The gates of its linear attention have full rank. @default false */
  readonly fullRankGates?: boolean;
  /** Layers whose attention has a sink for each head. @default - none */
  readonly sinks?: "all" | "window";
  /** The shared expert has a gate of its own. @default false */
  readonly sharedExpertGate?: boolean;
  /** Every layer has a shared expert as wide as a routed one, which the configuration does not name. */
  readonly sharedExpert?: "as-routed";
  /** The experts' matrices have biases. @default false */
  readonly expertBias?: boolean;
  /** Whether a feed-forward has a gate: three matrices, else two. @default - it has, unless its activation is `relu2` */
  readonly gated?: boolean;
  /** vLLM fills the parts of its dense feed-forwards and shared experts up to whole blocks. @default false */
  readonly padsFeedForward?: boolean;
  /** With expert parallelism vLLM deals its experts out in equal numbers only. @default false */
  readonly evenExperts?: boolean;
  /** Width of a dense feed-forward by the width that the configuration gives. @default 1 */
  readonly widthShare?: number;
  /** Width of a dense feed-forward by the hidden size, where the configuration gives none. @default - it must */
  readonly widthByHidden?: number;
  /** Mixers and dense feed-forwards of a layer. @default 1 */
  readonly copies?: number;
  /** `tie_word_embeddings`, where a configuration leaves it out. @default false */
  readonly tiedEmbeddings?: boolean;
  /** Files hold embedding and head again for each next-token prediction module, or lack the modules. @default - neither */
  readonly nextToken?: "tables" | "absent";
  /** `max_position_embeddings` is the stretched length already, whatever `rope_scaling` says. @default - not */
  readonly positions?: "stretched";
  /** Keys that configurations of the family leave out, with what they mean then. */
  readonly defaults?: { readonly [key: string]: unknown };
}

const architectures = table<ModelArchitecture>("model architecture", architectureRows);

export const { all: allModels, find: findModel } = table<ModelFacts>(
  "model",
  modelRows.map((row) => ({ ...row, architecture: architectures.get(row.architecture) })),
);

/** Families whose weights can be computed from a configuration, by `model_type`. */
const families = table<ModelFamily>("model family", familyRows, "modelType");

export const allModelFamilies = families.all;

/** The family of a `model_type`, also of the language model in a multimodal one (`…_text`). */
export function findModelFamily(modelType: string): ModelFamily | undefined {
  return families.find(modelType) ?? families.find(modelType.replace(/_text$/, ""));
}

/** Facts of the model in a repository of a hub, whatever the case of its name; `undefined`: not in the catalogue. */
export function findModelOfRepository(hub: ModelHub, repository: string): ModelFacts | undefined {
  const wanted = repository.toLowerCase();
  return allModels().find((model) => model.hub === hub && model.hubRepository.toLowerCase() === wanted);
}
