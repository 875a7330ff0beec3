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
  readonly nopeHeadDim: number;
  /** Width of the rotary part, which the cache holds besides. */
  readonly ropeHeadDim: number;
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
  readonly sharedGate: boolean;
  /** Layers without experts, from 0. */
  readonly denseLayers: readonly number[];
}

/** The numbers of a `config.json` that decide parameters, weights and cache. */
export interface ModelShape {
  /** `model_type` of the Hugging Face configuration. */
  readonly modelType: string;
  readonly hiddenSize: number;
  /** Intermediate width of a dense feed-forward. */
  readonly intermediateSize: number;
  readonly layers: number;
  readonly attentionHeads: number;
  /** Key/value heads; with MLA the cache does not depend on them. */
  readonly kvHeads: number;
  readonly headDim: number;
  readonly vocabularySize: number;
  readonly tiedEmbeddings: boolean;
  readonly attentionBias: AttentionBias;
  readonly queryKeyNorm: boolean;
  readonly mla: LatentAttention | null;
  readonly moe: ExpertLayers | null;
  /** Next-token prediction modules (MTP) behind the last layer: on disk, loaded only for speculative decoding. */
  readonly nextTokenModules: number;
  readonly maximumContextTokens: number;
}

/** Projections of the attention that have a bias. */
export type AttentionBias = "none" | "qkv" | "qkvo";

/** How the linear layers are quantized. Embedding, head, norms and routers never are. */
export interface Quantization {
  readonly method: string;
  /** Bits of one weight. */
  readonly bits: number;
  /** Rows (outputs) that share a scale; `null`: all. */
  readonly blockRows: number | null;
  /** Columns (inputs) that share a scale; `null`: all. */
  readonly blockColumns: number | null;
  /** Bytes of the scale of one block, its offset included. */
  readonly scaleBytes: number;
  /** Modules left as they are: a name or a part of it between dots, a glob, or `re:` and an expression. */
  readonly kept: readonly string[];
}

/** An architecture that several models share. */
export interface ModelArchitecture extends ModelShape, FactRow {
  readonly id: string;
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
  readonly attention: "gqa" | "mla";
  /** `config-…`: only where `attention_bias` is true. */
  readonly bias: "none" | "qkv" | "config-qkv" | "config-qkvo";
  /** `config`: where `use_qk_norm` is true. */
  readonly queryKeyNorm: "never" | "always" | "config";
  readonly experts: "none" | "routed";
  /** The shared expert has a gate of its own. */
  readonly sharedExpertGate: boolean;
}

const architectures = table<ModelArchitecture>("model architecture", architectureRows);

export const { all: allModels, find: findModel } = table<ModelFacts>(
  "model",
  modelRows.map((row) => ({ ...row, architecture: architectures.get(row.architecture) })),
);

/** Families whose weights can be computed from a configuration, by `model_type`. */
export const { all: allModelFamilies, find: findModelFamily } = table<ModelFamily>(
  "model family",
  familyRows,
  "modelType",
);

/** Facts of the model in a repository of a hub, whatever the case of its name; `undefined`: not in the catalogue. */
export function findModelOfRepository(hub: ModelHub, repository: string): ModelFacts | undefined {
  const wanted = repository.toLowerCase();
  return allModels().find((model) => model.hub === hub && model.hubRepository.toLowerCase() === wanted);
}
