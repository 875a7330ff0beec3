import type { AttentionBias, LatentAttention, ModelShape } from "../../catalog/models";

/** Attention with keys and values of its own heads. */
export interface HeadsMixer {
  readonly kind: "heads";
  readonly heads: number;
  readonly kvHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Tokens that a layer keeps; `null`: all. */
  readonly window: number | null;
  /** A gate on the output: one number for each element, for each head, or none. */
  readonly outputGate: "none" | "elements" | "heads";
  readonly bias: AttentionBias;
  /** Elements of the norms of queries and keys. */
  readonly normElements: number;
  /** Whether it has keys of its own; else it reads the cache of an earlier layer. */
  readonly ownKeys: boolean;
  /** Whether values have a projection of their own; else they are the keys. */
  readonly ownValues: boolean;
  /** Elements of further small weights: sinks, scales. */
  readonly extraElements: number;
  readonly indexer: Indexer | null;
}

/** Chooses the tokens that a sparse attention looks at, from a small cache of keys of its own. */
export interface Indexer {
  readonly heads: number;
  readonly headDim: number;
  /** Width that its queries are projected from. */
  readonly queryWidth: number;
  /** Whether it weighs its heads by a projection (DeepSeek), else all count the same (MiniMax). */
  readonly weighted: boolean;
}

/** Latent attention. */
export interface LatentMixer {
  readonly kind: "latent";
  readonly heads: number;
  readonly latent: LatentAttention;
  readonly outputGate: "none" | "elements" | "heads";
  readonly window: number | null;
  readonly indexer: Indexer | null;
}

/** Attention over a cache that holds one vector for several tokens, and a window of single ones (DeepSeek-V4). */
export interface CompressedMixer {
  readonly kind: "compressed";
  readonly heads: number;
  readonly headDim: number;
  readonly queryRank: number;
  readonly outputGroups: number;
  readonly outputRank: number;
  readonly window: number;
  /** Tokens to one vector; 0: only the window. */
  readonly ratio: number;
  readonly indexer: Indexer | null;
}

/** Linear attention: a state of fixed size for each sequence. */
export interface LinearMixer {
  readonly kind: "linear";
  readonly form: "gated-delta" | "kda" | "lightning";
  readonly keyHeads: number;
  readonly valueHeads: number;
  readonly keyDim: number;
  readonly valueDim: number;
  /** Width of the convolution over time; 0: none. */
  readonly kernel: number;
  /** Rank of KDA's gate that forgets; 0: full width. */
  readonly forgetRank: number;
  /** Rank of KDA's gate on the output; 0: full width. */
  readonly outputRank: number;
}

/** State-space layer of Mamba 2. */
export interface MambaMixer {
  readonly kind: "mamba";
  readonly heads: number;
  readonly headDim: number;
  readonly groups: number;
  readonly stateSize: number;
  readonly kernel: number;
}

/** What a layer mixes tokens with; `null`: nothing, it is a feed-forward only. */
export type Mixer = HeadsMixer | LatentMixer | CompressedMixer | LinearMixer | MambaMixer | null;

/** Experts of one layer. */
export interface Experts {
  readonly count: number;
  readonly width: number;
  /** Width of what goes into an expert: the hidden size, or less where it is projected down before. */
  readonly inputWidth: number;
  /** Width of all shared experts together; 0: none. */
  readonly sharedWidth: number;
  readonly sharedGate: boolean;
  /** Biases of the expert's matrices. */
  readonly bias: boolean;
}

/** Feed-forward of a layer; several parts run side by side in some models. */
export interface FeedForward {
  /** Width of a dense feed-forward; 0: none. */
  readonly denseWidth: number;
  readonly experts: Experts | null;
  /** Three matrices (gate, up, down) instead of two. */
  readonly gated: boolean;
}

export interface LayerStructure {
  readonly mixer: Mixer;
  readonly feedForward: FeedForward | null;
  /** Elements of norms and other vectors of the layer. */
  readonly vectorElements: number;
  /** Mixers and dense feed-forwards that it has of the same kind, one behind the other (LongCat has two). */
  readonly copies: number;
}

/** A model as its configuration tells it. */
export interface ModelStructure {
  readonly shape: ModelShape;
  readonly layers: readonly LayerStructure[];
  /** Layers of the next-token prediction modules. */
  readonly nextTokenLayers: readonly LayerStructure[];
  /** Whether the files hold embedding and head again for each next-token prediction module. */
  readonly nextTokenTables: boolean;
  /** Elements of a second embedding, with an entry for each layer (Gemma 3n and 4). */
  readonly inputElements: number;
  /** Parameters of encoders for images, video and audio with their projectors. */
  readonly encoderParameters: number;
  /** What the configuration does not say and was taken for granted, one phrase each. */
  readonly assumptions: readonly string[];
}
