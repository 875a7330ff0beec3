import type { LayerCache } from "../../catalog/models";
import type { Mixer } from "./layer-structure";
import { kvHeadsPerRank } from "./parallelism";

/** Bytes of an element of a state, which engines keep in 32 bits (`mamba_ssm_dtype`). */
const STATE_BYTES = 4;

/** Elements that share one 32-bit scale in the key cache of a sparse attention's indexer. */
const INDEX_BLOCK = 128;

const NONE: LayerCache = {
  kind: "none",
  kvHeads: 0,
  elements: 0,
  indexBytes: 0,
  windowTokens: 0,
  ratio: 1,
  stateBytes: 0,
  stateHeads: 0,
};

/** What a layer keeps for a sequence, with so many mixers of the kind. */
export function cacheOf(mixer: Mixer, copies = 1): LayerCache {
  const cache = cacheOfOne(mixer);
  return { ...cache, elements: copies * cache.elements, stateBytes: copies * cache.stateBytes };
}

function cacheOfOne(mixer: Mixer): LayerCache {
  switch (mixer?.kind) {
    case undefined:
      return NONE;
    case "heads":
      return mixer.ownKeys
        ? {
            ...NONE,
            kind: mixer.window === null ? "full" : "window",
            kvHeads: mixer.kvHeads,
            elements: mixer.keyDim + mixer.valueDim,
            windowTokens: mixer.window ?? 0,
            indexBytes: mixer.indexer ? 2 * mixer.indexer.headDim : 0,
          }
        : NONE;
    case "latent":
      return {
        ...NONE,
        kind: mixer.window === null ? "latent" : "latent-window",
        elements: mixer.latent.kvRank + mixer.latent.ropeHeadDim,
        windowTokens: mixer.window ?? 0,
        indexBytes: mixer.indexer ? indexBytes(mixer.indexer.headDim) : 0,
      };
    case "compressed":
      return {
        ...NONE,
        kind: "compressed",
        elements: mixer.headDim,
        windowTokens: mixer.window,
        ratio: mixer.ratio,
        indexBytes: mixer.indexer ? indexBytes(mixer.indexer.headDim) : 0,
      };
    case "linear": {
      const state = mixer.valueHeads * mixer.keyDim * mixer.valueDim * STATE_BYTES;
      const channels = 2 * mixer.keyHeads * mixer.keyDim + mixer.valueHeads * mixer.valueDim;
      const convolution = channels * Math.max(0, mixer.kernel - 1) * 2;
      return { ...NONE, kind: "state", stateBytes: state + convolution, stateHeads: mixer.keyHeads };
    }
    case "mamba": {
      const inner = mixer.heads * mixer.headDim;
      const state = inner * mixer.stateSize * STATE_BYTES;
      const convolution = (inner + 2 * mixer.groups * mixer.stateSize) * (mixer.kernel - 1) * 2;
      return { ...NONE, kind: "state", stateBytes: state + convolution, stateHeads: mixer.heads };
    }
  }
}

/**
 * Bytes that one sequence of `tokens` tokens takes in the cache of one layer on one rank.
 *
 * @param tensor ranks of the tensor group; more ranks than KV heads hold copies
 * @param elementBytes bytes of an element of the cache
 */
export function layerCacheBytes(
  cache: LayerCache,
  tokens: number,
  tensor: number,
  elementBytes: number,
): number {
  const kept = Math.min(tokens, cache.windowTokens);
  const heads = cache.kvHeads > 0 ? kvHeadsPerRank(cache.kvHeads, tensor) : 1;
  const perToken = heads * cache.elements * elementBytes + cache.indexBytes;
  switch (cache.kind) {
    case "none":
      return 0;
    case "full":
    case "latent":
      return tokens * perToken;
    case "window":
    case "latent-window":
      return kept * perToken;
    case "compressed":
      return (
        kept * cache.elements * elementBytes +
        (cache.ratio > 0 ? Math.ceil(tokens / cache.ratio) * perToken : 0)
      );
    case "state":
      return cache.stateBytes / Math.min(tensor, Math.max(1, cache.stateHeads));
  }
}

/** What the layers have in common that vLLM keeps in one group: what they keep, and for how long. */
export function groupOf({ kind, windowTokens }: LayerCache): string {
  return `${kind} ${windowTokens}`;
}

/** Groups of which the largest is at most so much larger than the smallest are made equal by padding the smaller. */
const EQUAL_GROUPS = 1.5;

/**
 * How much larger each group is than its layers: groups of different kinds have the same number of layers, that of the
 * smallest kind, and what is left over is filled up (vLLM `_get_kv_cache_groups_uniform_page_size`).
 */
export function groupPadding(caches: readonly LayerCache[]): ReadonlyMap<string, number> {
  const kept = caches.filter(({ kind }) => kind !== "none");
  const counts = new Map<string, number>();
  kept.map(groupOf).forEach((group) => counts.set(group, (counts.get(group) ?? 0) + 1));
  const [least, most] = [Math.min(...counts.values()), Math.max(...counts.values())];
  const size = most < least * EQUAL_GROUPS ? most : least;
  return new Map([...counts].map(([group, count]) => [group, (Math.ceil(count / size) * size) / count]));
}

/** Bytes that one more token of a long sequence adds to the cache of one layer, each KV head counted once. */
export function growthBytes(cache: LayerCache, elementBytes: number): number {
  const perToken = Math.max(1, cache.kvHeads) * cache.elements * elementBytes + cache.indexBytes;
  switch (cache.kind) {
    case "full":
    case "latent":
      return perToken;
    case "compressed":
      return cache.ratio > 0 ? perToken / cache.ratio : 0;
    case "none":
    case "state":
    case "window":
    case "latent-window":
      return 0;
  }
}

/** Keys of the indexer are stored in 8 bits with a scale to a block (vLLM `deepseek_v32` indexer cache). */
function indexBytes(headDim: number): number {
  return headDim + 4 * Math.ceil(headDim / INDEX_BLOCK);
}
