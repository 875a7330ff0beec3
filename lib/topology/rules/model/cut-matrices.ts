import type { QuantizationScheme } from "../../../catalog/models";
import type { Mixer } from "../../model/layer-structure";
import type { Model } from "../../model/model";
import { layerModules } from "../../model/model-modules";
import type { Module } from "../../model/module";
import { schemeOf } from "../../model/model-weights";

/** A kind of matrix that ranks hold parts of. */
export interface CutMatrix {
  /** What is cut: `feed-forward`, `shared expert`, `expert`, `query heads`, ... */
  readonly what: string;
  /** Rows or columns of the whole matrix, along the cut. */
  readonly size: number;
  /** Rows of one part at least: a head is not cut. */
  readonly unit: number;
  readonly spread: Module["spread"];
  /** Rows or columns that share a scale; 1: any number can be cut off. */
  readonly block: number;
  /** Size of the other side, which the kernels of experts look at as well. */
  readonly otherSize: number;
  /** Engines load it with others as one matrix, and cut it by rows. */
  readonly merged: boolean;
  /** Method of the quantization. */
  readonly method: string;
}

const NAMES: readonly { readonly pattern: RegExp; readonly what: string }[] = [
  { pattern: /\.experts\./, what: "expert" },
  { pattern: /\.shared_experts\./, what: "shared expert" },
  { pattern: /\.(up_proj|gate_proj|down_proj)$/, what: "feed-forward" },
  { pattern: /\.linear_attn\.|\.mixer\./, what: "linear attention" },
  { pattern: /./, what: "attention" },
];

const MERGED = /\.(q_proj|k_proj|v_proj|gate_proj|up_proj|in_proj_qkv|in_proj_z)$/;

/** A search for cuts asks about one model many times, and a model never changes. */
const known = new WeakMap<Model, readonly CutMatrix[]>();

/** Every kind of matrix that a model's layers have and tensor parallelism cuts, each once. */
export function cutMatrices(model: Model): readonly CutMatrix[] {
  const matrices = known.get(model) ?? findCutMatrices(model);
  known.set(model, matrices);
  return matrices;
}

function findCutMatrices(model: Model): readonly CutMatrix[] {
  const { _structure: structure, quantization } = model;
  const { hiddenSize } = structure.shape;
  const found = new Map<string, CutMatrix>();
  structure.layers.forEach((layer, index) => {
    for (const module of layerModules(layer, index, hiddenSize)) {
      if (module.cut !== "nothing") {
        const matrix = matrixOf(module, model, schemeOf(module, quantization), headOf(module, layer.mixer));
        found.set(JSON.stringify(matrix), matrix);
      }
    }
  });
  return [...found.values()];
}

/** Rows of one KV head in its projections; 1 in all other matrices. */
function headOf(module: Module, mixer: Mixer): number {
  if (module.spread !== "kv-heads" || mixer?.kind !== "heads") {
    return 1;
  }
  return module.rows / mixer.kvHeads;
}

function matrixOf(module: Module, model: Model, scheme: QuantizationScheme | null, unit: number): CutMatrix {
  const byRows = module.cut === "rows";
  const block = byRows ? scheme?.blockRows : scheme?.blockColumns;
  return {
    what: NAMES.find(({ pattern }) => pattern.test(module.name))?.what ?? "attention",
    size: byRows ? module.rows : module.columns,
    unit,
    spread: module.spread,
    block: isCutAtBlocks(model.quantization?.method, scheme) ? (block ?? 1) : 1,
    merged: MERGED.test(module.name),
    otherSize: byRows ? module.columns : module.rows,
    method: scheme === null ? "" : (model.quantization?.method ?? ""),
  };
}

/** These quantize what is left after the cut, or pack without regard to it. */
const CUT_ANYWHERE = ["bitsandbytes", "torchao"];

function isCutAtBlocks(method: string | undefined, scheme: QuantizationScheme | null): boolean {
  return scheme !== null && scheme.bits < 16 && !CUT_ANYWHERE.includes(method ?? "");
}
