import * as path from "node:path";
import type { Problem } from "../problems/problem";
import { errorRule, judge, type Topic } from "../problems/rule";
import { show } from "../problems/text";
import type { EngineContext } from "../topology/engine-spec";

/** Folder of the model: the given one, or the one the cluster fills; empty where neither is known. */
export function modelFolder(given: string | undefined, { modelPath = "" }: EngineContext): string {
  return given ?? modelPath;
}

/** Name under which a model is served: the given one, or the last part of its path. */
export function servedName(modelPath: string, given: string | undefined): string {
  return given ?? (path.posix.basename(modelPath) || "model");
}

/** The property `modelPath` of an engine. */
export interface ModelFolder {
  readonly modelPath?: string;
}

/** A server reads its model from a folder of the node. */
export const MODEL_FOLDER_TOPIC: Topic<ModelFolder, EngineContext> = {
  title: "Model folder of an engine",
  rules: [
    errorRule("RC600", {
      title: "A server has a model",
      why: "It would start without one, and fail.",
      check: ({ modelPath: given }, { modelPath }) =>
        given === undefined &&
        modelPath === undefined && {
          path: "engine.modelPath",
          got: "nothing",
          must: "name the model's folder where the cluster has no model",
          fix: "give the cluster a model, e.g. ModelSource.path('/models/llama-3.1-405b')",
        },
    }),
    errorRule("RC601", {
      title: "A server reads the model of its cluster",
      why: "It would look for the model in a folder that nothing fills.",
      check: ({ modelPath: given }, { modelPath }) =>
        given !== undefined &&
        modelPath !== undefined &&
        given !== modelPath &&
        path.posix.isAbsolute(given) && {
          path: "engine.modelPath",
          got: show(given),
          must: `be where the cluster brings the model ('${modelPath}')`,
          fix: "leave it out",
        },
    }),
  ],
};

export const MODEL_PATH_TOPIC: Topic<ModelFolder, unknown> = {
  title: "Model path of an engine",
  rules: [
    errorRule("RC602", {
      title: "An engine's model path is absolute",
      why: "Every node reads the model from this folder; nothing is fetched when an engine starts.",
      check: ({ modelPath }) =>
        modelPath !== undefined &&
        !path.posix.isAbsolute(modelPath) && {
          path: "engine.modelPath",
          got: show(modelPath),
          must: "be an absolute path in the container, the same on every node",
          fix: "put the model there first and name its folder, e.g. '/models/llama-3.1-405b'",
        },
    }),
  ],
};

/** What is wrong with the model of a server. */
export function modelFolderProblems(folder: ModelFolder, context: EngineContext): readonly Problem[] {
  return [...judge(MODEL_FOLDER_TOPIC, folder, context), ...judge(MODEL_PATH_TOPIC, folder, context)];
}
