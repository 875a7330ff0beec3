import rows from "./engine-downloads.json";
import type { FactRow } from "./facts";
import { table } from "./table";

/** What an engine fetches from the internet when it starts, which no model's folder holds. */
export interface EngineDownload extends FactRow {
  /** Family of the models that it is needed for (`model_type`). */
  readonly modelType: string;
  readonly engines: readonly string[];
  readonly files: readonly string[];
  /** Names the folder in which the engine looks instead. */
  readonly variable: string;
}

const { find } = table<EngineDownload>("download of an engine", rows, "modelType");

/** @param engine name of the engine @param modelType of the model that it serves */
export function engineDownload(engine: string, modelType: string): EngineDownload | undefined {
  const found = find(modelType);
  return found?.engines.includes(engine) ? found : undefined;
}
