import reference from "../../../fixtures/models/reference.json";
import type { LayerCacheKind } from "../../../../lib/catalog/models";
import { structureOf } from "../../../../lib/topology/model/hub-config";
import type { HubObject } from "../../../../lib/topology/model/hub-keys";
import {
  groupOf,
  groupPadding,
  growthBytes,
  layerCacheBytes,
} from "../../../../lib/topology/model/layer-cache";

const REFERENCE = reference as unknown as readonly { readonly name: string; readonly config: HubObject }[];

function cachesOf(name: string) {
  return structureOf(REFERENCE.find((row) => row.name === name)?.config ?? {}).shape.layerCaches;
}

/** Layers of each kind, and bytes of one sequence of so many tokens on one rank of so many. */
const KNOWN: readonly (readonly [
  name: string,
  kinds: { readonly [kind: string]: number },
  tokens: number,
  tensor: number,
  bytes: number,
])[] = [
  ["meta-llama/Meta-Llama-3.1-70B", { full: 80 }, 1000, 8, 80 * 1000 * 2 * 128 * 2],
  ["meta-llama/Meta-Llama-3.1-70B", { full: 80 }, 1000, 16, 80 * 1000 * 2 * 128 * 2],
  // Half of the layers keep 128 tokens.
  ["openai/gpt-oss-120b", { window: 18, full: 18 }, 10_000, 1, 18 * (128 + 10_000) * 8 * 2 * 64 * 2],
  ["openai/gpt-oss-120b", { window: 18, full: 18 }, 100, 1, 36 * 100 * 8 * 2 * 64 * 2],
  // Keys are wider than values, and the window layers have more heads.
  [
    "XiaomiMiMo/MiMo-V2-Flash",
    { full: 9, window: 39 },
    1000,
    4,
    (9 * 1000 * 1 + 39 * 128 * 2) * (192 + 128) * 2,
  ],
  ["deepseek-ai/DeepSeek-V3", { latent: 61 }, 1000, 8, 61 * 1000 * 576 * 2],
  // The indexer's keys have 128 bytes and a scale.
  ["deepseek-ai/DeepSeek-V3.2", { latent: 61 }, 1000, 8, 61 * 1000 * (576 * 2 + 132)],
  // Every layer keeps 128 single tokens; 21 one vector for 4 tokens with an index, 20 one for 128.
  [
    "deepseek-ai/DeepSeek-V4-Flash",
    { compressed: 43 },
    12_800,
    4,
    43 * 128 * 1024 + 21 * 3200 * (1024 + 132) + 20 * 100 * 1024,
  ],
  // A state of 64 heads of 128 x 128 in 32 bits, and three steps of the convolution's inputs.
  [
    "Qwen/Qwen3.5-397B-A17B",
    { state: 45, full: 15 },
    1000,
    2,
    15 * 1000 * 512 * 2 + (45 * (64 * 128 * 128 * 4 + (2 * 2048 + 8192) * 3 * 2)) / 2,
  ],
  [
    "nvidia/NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16",
    { state: 48, none: 48, full: 12 },
    0,
    1,
    48 * (256 * 64 * 128 * 4 + (256 * 64 + 2 * 8 * 128) * 3 * 2),
  ],
];

describe("layerCacheBytes", () => {
  test.each(KNOWN)("%s, with layers %j: %i tokens over %i ranks", (name, kinds, tokens, tensor, bytes) => {
    const caches = cachesOf(name);
    for (const [kind, count] of Object.entries(kinds)) {
      expect([kind, caches.filter((cache) => cache.kind === kind).length]).toEqual([kind, count]);
    }
    const counted = caches.reduce((sum, cache) => sum + layerCacheBytes(cache, tokens, tensor, 2), 0);
    expect(counted).toBe(bytes);
  });
});

describe("growthBytes", () => {
  test.each([
    ["openai/gpt-oss-120b", 18 * 8 * 2 * 64 * 2],
    ["deepseek-ai/DeepSeek-V4-Flash", 21 * ((1024 + 132) / 4) + 20 * (1024 / 128)],
    ["Qwen/Qwen3.5-397B-A17B", 15 * 2 * 512 * 2],
  ])("%s grows by what its layers without window and state take", (name, bytes) => {
    expect(cachesOf(name).reduce((sum, cache) => sum + growthBytes(cache, 2), 0)).toBeCloseTo(bytes, 6);
  });
});

test.each([
  // 52 windows in groups of 10, the number of full layers: the last group is filled up with 8.
  ["5 of 6 layers of 62", { window: 52, full: 10 }, { window: 60 / 52, full: 1 }],
  ["every other layer", { window: 18, full: 18 }, { window: 1, full: 1 }],
  ["one layer more", { window: 12, full: 13 }, { window: 13 / 12, full: 1 }],
  ["half as many again", { window: 12, full: 18 }, { window: 1, full: 24 / 18 }],
  ["layers that keep nothing", { none: 20, full: 4 }, { full: 1 }],
] as const)("groupPadding of %s", (_, counts, padding) => {
  const layer = {
    kvHeads: 1,
    elements: 1,
    indexBytes: 0,
    windowTokens: 0,
    ratio: 1,
    stateBytes: 0,
    stateHeads: 0,
  };
  const caches = Object.entries(counts).flatMap(([kind, count]) =>
    Array.from({ length: count }, () => ({ ...layer, kind: kind as LayerCacheKind })),
  );
  const expected = Object.entries(padding).map(([kind, share]) => [`${kind} 0`, share]);
  expect(new Map([...groupPadding(caches)])).toEqual(new Map(expected as [string, number][]));
  expect(caches.map(groupOf)).toContain("full 0");
});
