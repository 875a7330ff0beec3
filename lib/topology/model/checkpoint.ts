import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import type { ModelShape } from "../../catalog/models";
import { bytesOfLayer, EMPTY_LAYER, type LayerWeights, type ModelWeights } from "./model-weights";

/** A tensor of a checkpoint, as the header of its file tells it. */
export interface Tensor {
  readonly name: string;
  readonly bytes: number;
  readonly dimensions: number;
}

/** What the files beside a configuration tell of its weights. */
export interface Checkpoint {
  /** Bytes of all tensors; `undefined`: not told. */
  readonly totalBytes?: number;
  /** All tensors; `undefined`: a file is missing. */
  readonly tensors?: readonly Tensor[];
}

/** Headers are JSON; a longer one is no safetensors file. */
const LONGEST_HEADER = 256 * 1024 * 1024;

const INDEX = "model.safetensors.index.json";

/** Reads index and headers, never weights. Of files that are only pointers (Git LFS) the index still counts. */
export function readCheckpoint(folder: string): Checkpoint {
  const indexPath = join(folder, INDEX);
  const index = existsSync(indexPath)
    ? (JSON.parse(readFileSync(indexPath, "utf8")) as {
        readonly metadata?: { readonly total_size?: number };
        readonly weight_map?: { readonly [tensor: string]: string };
      })
    : undefined;
  const files = index?.weight_map
    ? [...new Set(Object.values(index.weight_map))]
    : readdirSync(folder).filter((file) => file.endsWith(".safetensors"));
  const headers = files.map((file) => readHeader(join(folder, file)));
  const complete = headers.length > 0 && headers.every((header) => header !== undefined);
  const tensors = complete ? headers.flat() : undefined;
  const totalBytes = tensors
    ? tensors.reduce((total, { bytes }) => total + bytes, 0)
    : Number(index?.metadata?.total_size ?? 0);
  return { ...(totalBytes > 0 ? { totalBytes } : {}), ...(tensors ? { tensors } : {}) };
}

/** The tensors of one safetensors file; `undefined`: it is missing, or only a pointer. */
function readHeader(path: string): readonly Tensor[] | undefined {
  if (!existsSync(path)) {
    return undefined;
  }
  const file = openSync(path, "r");
  try {
    const prefix = Buffer.alloc(8);
    if (readSync(file, prefix, 0, 8, 0) < 8 || prefix.readBigUInt64LE() > BigInt(LONGEST_HEADER)) {
      return undefined;
    }
    const text = Buffer.alloc(Number(prefix.readBigUInt64LE()));
    readSync(file, text, 0, text.length, 8);
    const header = JSON.parse(text.toString("utf8")) as {
      readonly [name: string]: {
        readonly shape: readonly number[];
        readonly data_offsets: readonly number[];
      };
    };
    return Object.entries(header)
      .filter(([name]) => name !== "__metadata__")
      .map(
        ([
          name,
          {
            shape,
            data_offsets: [start, end],
          },
        ]) => ({
          name,
          bytes: end - start,
          dimensions: shape.length,
        }),
      );
  } finally {
    closeSync(file);
  }
}

const ENCODER =
  /(^|\.)(visual|vision\w*|vit|audio\w*|speech\w*|image\w*|mm_projector|multi_modal_projector|mlp1|embed_vision|embed_audio)\./;
const EMBEDDING =
  /(^|\.)(embed_tokens|embeddings?|wte|word_embeddings|tok_embeddings|embed)\.(weight|scales?)$/;
const HEAD = /(^|\.)(lm_head|head|output|embed_out)\.\w+$/;
const EXPERT = /\.experts\.|\.experts_\w+$/;
const SHARED_EXPERT = /\.shared_experts?\./;
const FEED_FORWARD = /\.(mlp|feed_forward|ffn)\.(gate_up_proj|gate_proj|up_proj|down_proj|w[123])\./;
const KV = /\.(k_proj|v_proj|wk|wv)\./;
/** Whole on every rank: routers, projections to a latent vector, indexers. */
const WHOLE =
  /\.(gate|router|q_a_proj|wq_a|kv_a_proj\w*|wkv|wkv_a|indexer|compressor|eh_proj|fc1_latent_proj|fc2_latent_proj|routed_expert_\w+)(\.|$)/;

/** Bytes by layer and by how tensor parallelism spreads them, from the tensors' names. */
export function weightsOfTensors(tensors: readonly Tensor[], shape: ModelShape): ModelWeights {
  const layers = Array.from({ length: shape.layers }, emptyLayer);
  const nextToken = Array.from({ length: Math.max(1, shape.nextTokenModules) }, emptyLayer);
  let embedding = 0;
  let head = 0;
  let encoders = 0;
  let nextTokenTables = 0;
  for (const tensor of tensors) {
    const { name, bytes } = tensor;
    const layer = Number(/(?:^|\.)layers\.(\d+)\./.exec(name)?.[1] ?? -1);
    const isNextToken = /(^|\.)mtp\w*\./.test(name) || layer >= shape.layers;
    if (isNextToken && (EMBEDDING.test(name) || /shared_head\.head\.|\.embed_tokens\./.test(name))) {
      nextTokenTables += bytes;
    } else if (isNextToken) {
      const index = layer >= shape.layers ? layer - shape.layers : Math.max(0, layer);
      add(nextToken[Math.min(index, nextToken.length - 1)], tensor);
    } else if (ENCODER.test(name)) {
      encoders += bytes;
    } else if (layer >= 0) {
      add(layers[layer], tensor);
    } else if (EMBEDDING.test(name)) {
      embedding += bytes;
    } else if (HEAD.test(name)) {
      head += bytes;
    } else {
      // Norms behind the last layer and the like: small, and with the head.
      head += tensor.dimensions > 1 ? bytes : 0;
    }
  }
  const ofNextToken = nextToken.reduce((total, each) => total + bytesOfLayer(each), 0);
  return {
    embedding,
    // With tied embeddings the last stage has the table as well.
    head: head > 0 ? head : embedding,
    layers,
    nextTokenModules: ofNextToken + nextTokenTables,
    nextTokenLayers: ofNextToken > 0 ? nextToken : [],
    encoders,
  };
}

type MutableLayer = { -readonly [Key in keyof LayerWeights]: LayerWeights[Key] };

function emptyLayer(): MutableLayer {
  return { ...EMPTY_LAYER };
}

function add(layer: MutableLayer, { name, bytes, dimensions }: Tensor): void {
  if (EXPERT.test(name)) {
    layer.experts += bytes;
  } else if (WHOLE.test(name) || dimensions < 2) {
    layer.replicated += bytes;
  } else if (KV.test(name)) {
    layer.kvHeads += bytes;
  } else if (SHARED_EXPERT.test(name)) {
    layer.sharedExperts += bytes;
  } else if (FEED_FORWARD.test(name)) {
    layer.feedForward += bytes;
  } else {
    layer.sharded += bytes;
  }
}
