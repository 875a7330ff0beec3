import { createHash } from "node:crypto";
import type { ClusterOptions } from "../declaration/cluster-props";
import type { EngineModel } from "../engine-spec";
import type { ModelSource } from "../values/model-source";
import type { Model } from "../model/model";
import { MODEL_NAME } from "./secrets";
import { HostPathStorage, type IStorage } from "../declaration/storage";

/** A slow connection to the source: half of what a gigabit link carries. */
const SLOW_BYTES_PER_SECOND = 50e6;
/** Even a small model may have to wait for a busy hub. */
const SHORTEST_SECONDS = 600;
/** For a model of unknown size. */
const SECONDS_FOR_UNKNOWN = 3600;
/** Nothing is fetched: each node checks that the folder contains files. */
const SECONDS_TO_LOOK = 60;
const REVISION_DIGITS = 12;
const PATTERN_DIGITS = 8;

/** What a declaration says of models. */
type ModelOptions = Partial<Pick<ClusterOptions, "model" | "engine" | "storage">>;

/** The cluster's model, then those that the engine reads besides. */
export function modelsOf({ model, engine }: ModelOptions): readonly EngineModel[] {
  return [
    ...(model === undefined ? [] : [{ name: MODEL_NAME, path: "model", source: model }]),
    ...(engine?.models ?? []),
  ];
}

/** The declared storage; each machine's own disk where a model is fetched and none is declared. */
export function storageOf(options: ModelOptions): readonly IStorage[] {
  const declared = options.storage ?? [];
  const isNeeded = declared.length === 0 && modelsOf(options).some(({ source }) => source.isFetched);
  return isNeeded ? [HostPathStorage.perNode()] : [...declared];
}

/** How long staging the models may take, in seconds; 0: there is none. */
export function defaultStagingSeconds(options: ModelOptions): number {
  return modelsOf(options).reduce((sum, { source }) => sum + secondsFor(source), 0);
}

function secondsFor(source: ModelSource): number {
  if (!source.isFetched) {
    return SECONDS_TO_LOOK;
  }
  const bytes = bytesOf(source.model);
  return bytes === undefined
    ? SECONDS_FOR_UNKNOWN
    : Math.max(SHORTEST_SECONDS, Math.ceil(bytes / SLOW_BYTES_PER_SECOND));
}

/** The folder of the containers into which models are fetched; `undefined`: there is no storage. */
export function storageFolder([first]: readonly IStorage[]): string | undefined {
  return (first as IStorage | undefined)?.mountPath.replace(/\/+$/, "");
}

/**
 * A model's folder in the containers. Its name identifies its content, so two models never share a folder, and two
 * clusters with the same model do.
 *
 * @param storage folder into which models are fetched
 */
export function modelFolder(source: ModelSource, storage = ""): string {
  return source.isFetched ? `${storage}/${folderName(source)}` : source.location;
}

/** Bytes of a model's files, where they are known. */
export function bytesOf(model: Model | undefined): number | undefined {
  return model && model.weightBytes > 0 ? model.weightBytes : undefined;
}

function folderName(source: ModelSource): string {
  const name = source.location
    .replace(/^s3:\/\//, "")
    .split("/")
    .filter((part) => part !== "")
    .map((part) => part.replace(/[^\w.-]/g, "_"))
    .join("--");
  const revision = source.revision?.slice(0, REVISION_DIGITS);
  return [name, revision, chosenFiles(source)].filter((part) => part !== undefined).join("--");
}

/** Distinguishes another choice of files from the same commit; `undefined`: the default choice. */
function chosenFiles({ include, exclude }: ModelSource): string | undefined {
  const chosen = JSON.stringify([include, exclude]);
  const usual = ['[["*"],["original/*"]]', '[["*"],[]]'];
  return usual.includes(chosen)
    ? undefined
    : createHash("sha256").update(chosen).digest("hex").slice(0, PATTERN_DIGITS);
}
