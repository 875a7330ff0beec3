import { isWithin } from "../../problems/checks";
import type { IStorage } from "../declaration/storage";
import { bytesOf } from "./declared-models";
import type { StagedModel, StagingPlan } from "./plan";
import type { ClusterSpec } from "./spec";

/** Concurrent downloads: one connection rarely fills the link, and a hub rejects many. */
const PARALLEL_FILES = 4;

/** What is mounted into every container, as plain data: a storage may be a construct. */
export function planStorage({ storage }: ClusterSpec): readonly IStorage[] {
  return storage.map(({ hostPath, mountPath, isShared }) => ({ hostPath, mountPath, isShared }));
}

/** How the models get to the nodes; `undefined`: there is none. */
export function planStaging(spec: ClusterSpec): StagingPlan | undefined {
  return spec.models.length === 0
    ? undefined
    : {
        models: spec.models.map((model) => stagedModel(spec, model)),
        parallelFiles: PARALLEL_FILES,
        deadlineSeconds: spec.deadlines.stagingSeconds,
      };
}

function stagedModel(
  spec: ClusterSpec,
  { name, source, folder }: ClusterSpec["models"][number],
): StagedModel {
  const { kind, location, revision, endpoint, include, exclude, model, secret } = source;
  return {
    name,
    source: { kind, location, revision, endpoint, include, exclude },
    destination: folder,
    placement: isOnOwnDisks(spec, folder) ? "replicated" : "shared",
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
