import { findModelFamily } from "../../catalog/models";
import { HubKeys, type HubObject } from "./hub-keys";
import { textOf } from "./hub-config";

/** How long a sequence a model can read, as its configuration says it. */
export interface ModelPositions {
  /** `max_position_embeddings`; 0: not known. */
  readonly maximum: number;
  /** Positions before they were stretched (`original_max_position_embeddings`). */
  readonly original: number;
  /** By how much they are stretched; 1: not. */
  readonly factor: number;
  /** How they are stretched, e.g. `yarn`, `llama3`, `longrope`; `undefined`: not, or `maximum` is stretched already. */
  readonly scaling?: string;
  /** What an engine takes where it is not told otherwise, although the model can read more; `undefined`: `maximum`. */
  readonly usual?: number;
}

/** Ways that do not change how long a sequence can be. */
const NOT_STRETCHED = ["default", "mrope", "proportional", "axial"];

/** Reads `rope_scaling`, and `rope_parameters` as newer configurations have it, also one for each kind of layer. */
export function positionsOf(config: HubObject, maximum: number): ModelPositions {
  const keys = new HubKeys(textOf(config));
  const given = keys.object("rope_scaling", "rope_parameters");
  const rope = given?.object("full_attention") ?? given;
  const scaling = rope?.text("rope_type") ?? rope?.text("type");
  const factor = rope?.config.factor;
  const original =
    rope?.whole("original_max_position_embeddings") ?? keys.whole("original_max_position_embeddings");
  const isStretched = findModelFamily(keys.text("model_type") ?? "")?.positions === "stretched";
  if (scaling === undefined || NOT_STRETCHED.includes(scaling) || isStretched) {
    return { maximum, original: maximum, factor: 1 };
  }
  return {
    maximum,
    original: original ?? maximum,
    factor: typeof factor === "number" ? factor : 1,
    scaling,
    ...(scaling === "longrope" ? { usual: keys.whole("original_max_position_embeddings") } : {}),
  };
}
