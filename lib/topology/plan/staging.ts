import { createHash } from "node:crypto";
import { isWithin } from "../../problems/checks";
import type { ClusterOptions } from "../declaration/cluster-props";
import type { ModelSource } from "../declaration/model-source";
import type { Model } from "../model/model";
import type { StagingPlan } from "./plan";
import type { ClusterSpec } from "./spec";
import { HostPathStorage, type IStorage } from "../declaration/storage";

/** A slow connection to the source: half of what a gigabit link carries. */
const SLOW_BYTES_PER_SECOND = 50e6;
/** Even a small model may have to wait for a busy hub. */
const SHORTEST_SECONDS = 600;
/** For a model of unknown size. */
const SECONDS_FOR_UNKNOWN = 3600;
/** Nothing is fetched: each node checks that the folder contains files. */
const SECONDS_TO_LOOK = 60;
/** Concurrent downloads: one connection rarely fills the link, and a hub rejects many. */
const PARALLEL_FILES = 4;
const REVISION_DIGITS = 12;
const PATTERN_DIGITS = 8;

/** The declared storage; each machine's own disk where a model is fetched and none is declared. */
export function storageOf(options: ClusterOptions): readonly IStorage[] {
  const declared = options.storage ?? [];
  const isNeeded = declared.length === 0 && options.model?.isFetched === true;
  return isNeeded ? [HostPathStorage.perNode()] : [...declared];
}

/** How long staging the model may take, in seconds; 0: there is no model. */
export function defaultStagingSeconds(source: ModelSource | undefined): number {
  if (source === undefined) {
    return 0;
  }
  if (!source.isFetched) {
    return SECONDS_TO_LOOK;
  }
  const bytes = bytesOf(source.model);
  return bytes === undefined
    ? SECONDS_FOR_UNKNOWN
    : Math.max(SHORTEST_SECONDS, Math.ceil(bytes / SLOW_BYTES_PER_SECOND));
}

/**
 * The model's folder in the containers. Its name identifies its content, so two models never share a folder, and two
 * clusters with the same model do.
 */
export function modelFolder(source: ModelSource, storage: readonly IStorage[]): string {
  return source.isFetched
    ? `${storage[0]?.mountPath.replace(/\/+$/, "") ?? ""}/${folderName(source)}`
    : source.location;
}

/** Bytes of a model's files, where they are known. */
function bytesOf(model: Model | undefined): number | undefined {
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

/** What is mounted into every container, as plain data: a storage may be a construct. */
export function planStorage({ storage }: ClusterSpec): readonly IStorage[] {
  return storage.map(({ hostPath, mountPath, isShared }) => ({ hostPath, mountPath, isShared }));
}

/** How the model gets to the nodes; `undefined`: there is no model. */
export function planStaging(spec: ClusterSpec): StagingPlan | undefined {
  const { modelSource: source, modelPath } = spec;
  if (source === undefined || modelPath === undefined) {
    return undefined;
  }
  const { kind, location, revision, endpoint, include, exclude, model, secret } = source;
  return {
    source: { kind, location, revision, endpoint, include, exclude },
    destination: modelPath,
    placement: isOnOwnDisks(spec, modelPath) ? "replicated" : "shared",
    parallelFiles: PARALLEL_FILES,
    deadlineSeconds: spec.deadlines.stagingSeconds,
    modelName: model?.name,
    modelBytes: bytesOf(model),
    secret,
  };
}

/** The storage that holds a path of the containers. */
export function storageHolding(storage: readonly IStorage[], path: string): IStorage | undefined {
  return storage.find(({ mountPath }) => isWithin(path, mountPath));
}

function isOnOwnDisks({ storage }: ClusterSpec, path: string): boolean {
  return storageHolding(storage, path)?.isShared === false;
}
