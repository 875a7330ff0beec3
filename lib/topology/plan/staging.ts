import { createHash } from "node:crypto";
import { isWithin } from "../../problems/checks";
import type { ClusterOptions } from "../declaration/cluster-props";
import type { ModelSource } from "../declaration/model-source";
import type { StagingPlan, StoragePlan } from "./plan";
import type { ClusterSpec } from "./spec";
import { HostPathStorage, type IStorage } from "../declaration/storage";

/** A slow way from the source: half of what a line of one gigabit carries. */
const SLOW_BYTES_PER_SECOND = 50e6;
/** Also a small model waits for a busy hub. */
const SHORTEST_SECONDS = 600;
/** Where nobody knows how large the model is. */
const SECONDS_FOR_UNKNOWN = 3600;
/** Nothing is fetched: somebody looks whether the folder holds files. */
const SECONDS_TO_LOOK = 60;
/** Files at the same time: one connection rarely fills the line, many make a hub refuse. */
const PARALLEL_FILES = 4;
const REVISION_DIGITS = 12;
const PATTERN_DIGITS = 8;

/** The declared storage; each machine's own disk, where a model must be put somewhere and none is declared. */
export function storageOf(options: ClusterOptions): readonly IStorage[] {
  const declared = options.storage ?? [];
  const isNeeded = declared.length === 0 && options.model?.isFetched === true;
  return isNeeded ? [HostPathStorage.perNode()] : [...declared];
}

/** How long the model may take to be on all nodes, in seconds; 0: there is none to bring. */
export function defaultStagingSeconds(source: ModelSource | undefined): number {
  if (source === undefined) {
    return 0;
  }
  if (!source.isFetched) {
    return SECONDS_TO_LOOK;
  }
  const bytes = source.model?.weightBytes;
  return bytes === undefined
    ? SECONDS_FOR_UNKNOWN
    : Math.max(SHORTEST_SECONDS, Math.ceil(bytes / SLOW_BYTES_PER_SECOND));
}

/**
 * The model's folder in the containers. Its name says what it holds, so two models never share one, and two
 * clusters with the same model do.
 */
export function modelFolder(source: ModelSource, storage: readonly IStorage[]): string {
  return source.isFetched
    ? `${storage[0]?.mountPath.replace(/\/+$/, "") ?? ""}/${folderName(source)}`
    : source.location;
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

/** Other files of the same commit are another model; `undefined`: the usual choice. */
function chosenFiles({ include, exclude }: ModelSource): string | undefined {
  const chosen = JSON.stringify([include, exclude]);
  const usual = ['[["*"],["original/*"]]', '[["*"],[]]'];
  return usual.includes(chosen)
    ? undefined
    : createHash("sha256").update(chosen).digest("hex").slice(0, PATTERN_DIGITS);
}

/** What is mounted into every container. */
export function planStorage({ storage }: ClusterSpec): readonly StoragePlan[] {
  return storage.map(({ hostPath, mountPath, isShared }) => ({ hostPath, mountPath, isShared }));
}

/** The model's way to the nodes; `undefined`: there is none to bring. */
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
    modelBytes: model?.weightBytes,
    secret: secret && { kind: secret.kind, hostPath: secret.hostPath, id: secret.id },
  };
}

/** The storage that holds a path of the containers. */
export function storageHolding(storage: readonly IStorage[], path: string): IStorage | undefined {
  return storage.find(({ mountPath }) => isWithin(path, mountPath));
}

function isOnOwnDisks({ storage }: ClusterSpec, path: string): boolean {
  return storageHolding(storage, path)?.isShared === false;
}
