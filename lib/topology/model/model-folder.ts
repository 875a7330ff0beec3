import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Checkpoint, readCheckpoint } from "./checkpoint";
import type { HubObject } from "./hub-keys";
import { configOfMistralParams } from "./mistral-params";

/** What lies in the folder of a model. */
export interface ModelFolder {
  /** The configuration, with what the quantizer left beside it. */
  readonly config: HubObject;
  readonly checkpoint: Checkpoint;
  readonly chatTemplate: boolean;
}

/**
 * Reads a JSON object.
 *
 * @throws Error where the file holds something else
 */
export function readConfig(path: string): HubObject {
  const text = readFileSync(path, "utf8");
  // Python writes numbers that JSON has no words for, e.g. `"time_step_limit": [0.0, Infinity]`.
  const content: unknown = JSON.parse(text.replace(/([[:,]\s*)(?:-?Infinity|NaN)(?=\s*[\],}])/g, "$1null"));
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    throw new Error("is no JSON object");
  }
  return content as HubObject;
}

/** Reads everything but the weights. */
export function readFolder(folder: string): ModelFolder {
  const own = join(folder, "params.json");
  const config =
    !existsSync(join(folder, "config.json")) && existsSync(own)
      ? configOfMistralParams(readConfig(own))
      : readConfig(join(folder, "config.json"));
  return {
    config: withQuantizer(folder, config),
    checkpoint: readCheckpoint(folder),
    chatTemplate: hasChatTemplate(folder),
  };
}

/** Some quantizers write what they did into a file of their own. */
function withQuantizer(folder: string, config: HubObject): HubObject {
  if (config.quantization_config !== undefined && config.quantization_config !== null) {
    return config;
  }
  const optimizer = join(folder, "hf_quant_config.json");
  if (existsSync(optimizer)) {
    const { quantization } = readConfig(optimizer);
    return { ...config, quantization_config: { quant_method: "modelopt", ...(quantization as HubObject) } };
  }
  const description = readdirSync(folder).find((file) => /^quant_model_description.*\.json$/.test(file));
  if (description) {
    const types = readConfig(join(folder, description));
    return { ...config, quantization_config: { quant_method: "ascend", description: types } };
  }
  return config;
}

function hasChatTemplate(folder: string): boolean {
  if (["chat_template.jinja", "chat_template.json"].some((file) => existsSync(join(folder, file)))) {
    return true;
  }
  const tokenizer = join(folder, "tokenizer_config.json");
  return existsSync(tokenizer) && readConfig(tokenizer).chat_template !== undefined;
}
