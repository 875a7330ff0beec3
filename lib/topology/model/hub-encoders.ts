import type { HubKeys } from "./hub-keys";

/** Kinds of input besides text. */
export type Modality = "image" | "video" | "audio";

/** Parts of a configuration that describe an encoder, and what it reads. */
const ENCODERS: readonly { readonly name: string; readonly modality: Modality }[] = [
  { name: "vision_config", modality: "image" },
  { name: "visual_config", modality: "image" },
  { name: "vision_encoder_config", modality: "image" },
  { name: "audio_config", modality: "audio" },
  { name: "audio_encoder_config", modality: "audio" },
];

/** What a model reads besides text. */
export function modalitiesOf(keys: HubKeys): readonly Modality[] {
  const found = ENCODERS.filter(({ name }) => keys.object(name) !== undefined).map(
    ({ modality }) => modality,
  );
  const video = keys.has("video_token_id") || keys.has("video_token_index");
  return [...new Set([...found, ...(video ? (["video"] as const) : [])])];
}

/** Parameters of the encoders for images, video and audio, with what leads from them to the text. */
export function encoderParameters(keys: HubKeys, textWidth: number): number {
  return ENCODERS.map(({ name }) => keys.object(name))
    .filter((encoder) => encoder !== undefined)
    .reduce((total, encoder) => total + transformerParameters(encoder, textWidth), 0);
}

function transformerParameters(encoder: HubKeys, textWidth: number): number {
  // Qwen2-VL calls the width of the text `hidden_size`, and its own `embed_dim`.
  const width = sizeOf(encoder, "embed_dim", "hidden_size", "vt_hidden_size", "width", "d_model") ?? 0;
  const layers =
    sizeOf(encoder, "depth", "num_hidden_layers", "vt_num_hidden_layers", "layers", "encoder_layers") ?? 0;
  const ratio = encoder.config.mlp_ratio;
  const inner =
    sizeOf(encoder, "intermediate_size", "vt_intermediate_size", "encoder_ffn_dim") ??
    Math.round(width * (typeof ratio === "number" ? ratio : 4));
  const attention = 4 * width * (sizeOf(encoder, "qkv_hidden_size") ?? width);
  const gated = encoder.text("hidden_act") === "silu";
  const merge = sizeOf(encoder, "spatial_merge_size", "merge_kernel_size") ?? 2;
  const merged = width * merge * merge;
  const mergers = 1 + (encoder.list("deepstack_visual_indexes")?.length ?? 0);
  return (
    layers * (attention + (gated ? 3 : 2) * width * inner) +
    mergers *
      (merged * merged + merged * (sizeOf(encoder, "out_hidden_size", "text_hidden_size") ?? textWidth))
  );
}

/** A number of an encoder; what is none is left out, as the whole is an estimate. */
function sizeOf({ config }: HubKeys, ...names: readonly string[]): number | undefined {
  return names
    .map((name) => config[name])
    .map((value) => (Array.isArray(value) ? Number(value[0]) : value))
    .find((value): value is number => typeof value === "number" && Number.isFinite(value));
}
