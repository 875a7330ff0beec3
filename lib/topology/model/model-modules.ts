import type { Experts, FeedForward, LayerStructure } from "./layer-structure";
import { mixerModules } from "./mixer-modules";
import { matrix, type Module, plain, type Spread, vector } from "./module";

/** Weights of one layer, norms and biases included. */
export function layerModules(
  structure: LayerStructure,
  layer: number,
  hiddenSize: number,
): readonly Module[] {
  const prefix = `model.layers.${layer}`;
  const copied = (module: Module): Module => ({ ...module, count: module.count * structure.copies });
  return [
    ...mixerModules(structure.mixer, hiddenSize, prefix).map(copied),
    ...feedForwardModules(structure.feedForward, hiddenSize, `${prefix}.mlp`).map((module) =>
      module.spread === "experts" || module.name.endsWith(".gate") ? module : copied(module),
    ),
    vector(`${prefix}.norms`, structure.vectorElements),
  ];
}

/** Weights that a next-token prediction module has besides those of a layer: joint, norms, embedding, head. */
export function nextTokenExtras(
  layer: number,
  hiddenSize: number,
  vocabularySize: number,
  tables: boolean,
): readonly Module[] {
  const prefix = `model.layers.${layer}`;
  return [
    { ...matrix(`${prefix}.eh_proj`, hiddenSize, 2 * hiddenSize, "nothing"), linear: false },
    ...(tables
      ? [`${prefix}.embed_tokens`, `${prefix}.shared_head.head`].map((name): Module => ({
          ...matrix(name, vocabularySize, hiddenSize, "rows"),
          linear: false,
        }))
      : []),
    vector(`${prefix}.enorm`, hiddenSize),
    vector(`${prefix}.hnorm`, hiddenSize),
    vector(`${prefix}.shared_head.norm`, hiddenSize),
  ];
}

function feedForwardModules(
  feedForward: FeedForward | null,
  hiddenSize: number,
  prefix: string,
): readonly Module[] {
  if (feedForward === null) {
    return [];
  }
  const { denseWidth, experts, gated } = feedForward;
  return [
    ...(denseWidth > 0 ? widths(hiddenSize, denseWidth, gated, prefix, "feed-forward") : []),
    ...(experts ? expertModules(hiddenSize, experts, gated, prefix) : []),
  ];
}

function expertModules(
  hiddenSize: number,
  experts: Experts,
  gated: boolean,
  prefix: string,
): readonly Module[] {
  const { count, width, inputWidth, sharedWidth, sharedGate } = experts;
  const projected = inputWidth !== hiddenSize;
  return [
    // Routers are small and decide which expert a token goes to: no quantizer touches them.
    plain(`${prefix}.gate`, count, hiddenSize),
    ...widths(inputWidth, width, gated, `${prefix}.experts.0`, "experts").map((module) => ({
      ...module,
      count,
    })),
    ...(experts.bias ? [vector(`${prefix}.experts.bias`, count * (2 * width + hiddenSize + 1))] : []),
    ...(projected
      ? [
          matrix(`${prefix}.fc1_latent_proj`, inputWidth, hiddenSize, "nothing"),
          matrix(`${prefix}.fc2_latent_proj`, hiddenSize, inputWidth, "nothing"),
        ]
      : []),
    ...(sharedWidth > 0
      ? widths(hiddenSize, sharedWidth, gated, `${prefix}.shared_experts`, "shared-experts")
      : []),
    ...(sharedGate ? [vector(`${prefix}.shared_expert_gate`, hiddenSize)] : []),
  ];
}

function widths(
  hiddenSize: number,
  width: number,
  gated: boolean,
  prefix: string,
  spread: Spread,
): readonly Module[] {
  return [
    ...(gated ? [matrix(`${prefix}.gate_proj`, width, hiddenSize)] : []),
    matrix(`${prefix}.up_proj`, width, hiddenSize),
    matrix(`${prefix}.down_proj`, hiddenSize, width, "columns"),
  ].map((module) => ({ ...module, spread }));
}
