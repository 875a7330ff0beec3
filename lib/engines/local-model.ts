import * as path from "node:path";
import type { EngineContext, EngineFinding } from "../topology/engine-spec";

/** What stands for the path of a model that nobody has named: findings refuse it. */
const NO_MODEL = "";

/** Folder of the model: where the cluster brings it, or what the engine was given. */
export function modelFolder(given: string | undefined, { modelPath }: EngineContext): string {
  return given ?? modelPath ?? NO_MODEL;
}

/** Name under which a model is served: what is given, or the last part of its path. */
export function servedName(modelPath: string, given: string | undefined): string {
  return given ?? (path.posix.basename(modelPath) || "model");
}

/** A model is read from a folder of the node: nothing is fetched when an engine starts. */
export function modelPathFindings(
  given: string | undefined,
  { modelPath }: EngineContext,
): readonly EngineFinding[] {
  const finding = (got: string, allowed: string, fix: string): readonly EngineFinding[] => [
    { level: "error", path: "engine.modelPath", got, allowed, fix },
  ];
  if (given === undefined) {
    return modelPath === undefined
      ? finding(
          "nothing",
          "must name the model's folder, where the cluster has no model",
          "give the cluster a model, e.g. ModelSource.path('/models/llama-3.1-405b')",
        )
      : [];
  }
  if (modelPath !== undefined && modelPath !== given) {
    return finding(
      `'${given}'`,
      `must be where the cluster brings the model ('${modelPath}')`,
      "leave it out",
    );
  }
  return path.posix.isAbsolute(given)
    ? []
    : finding(
        given === "" ? "nothing" : `'${given}'`,
        "must be an absolute path in the container, the same on every node",
        "put the model there first and name its folder, e.g. '/models/llama-3.1-405b'",
      );
}
