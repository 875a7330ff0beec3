import type { SecretRef } from "../topology/values/secret-ref";
import type { IStorage } from "../topology/declaration/storage";
import type { ClusterPlan, StagedModel, StagingPlan } from "../topology/plan/plan";
import { code, codes, table } from "./table";

/** Where the model comes from and where it goes, and the folders of the machines; empty without either. */
export function modelSection({ staging, storage }: ClusterPlan): readonly string[] {
  return [...(staging ? stagingLines(staging) : []), ...(storage.length > 0 ? storageLines(storage) : [])];
}

function stagingLines({ models, deadlineSeconds }: StagingPlan): readonly string[] {
  const titled = (model: StagedModel) => (models.length > 1 ? [`**${model.name}**`, ""] : []);
  return [
    ...models.flatMap((model) => [
      ...titled(model),
      ...modelLines(model),
      ...(models.length > 1 ? [""] : []),
    ]),
    `- at most ${deadlineSeconds} s${models.length > 1 ? " for all of them" : ""}, then the deployment fails; what has come is kept`,
  ];
}

function modelLines(model: StagedModel): readonly string[] {
  const { source, destination, placement, modelBytes, modelName, secret } = model;
  const isFetched = source.kind !== "path";
  return [
    `- source: ${sourceText(model)}`,
    ...(modelName === undefined ? [] : [`- model: ${modelName}`]),
    `- weights: ${modelBytes === undefined ? "size not known before the source is asked" : amount(modelBytes)}`,
    `- folder in the containers: ${code(destination)}`,
    ...(isFetched ? [`- way to the nodes: ${WAYS[placement]}`] : []),
    ...(secret ? [`- secret: ${secretText(secret)}, in the head's container only`] : []),
  ];
}

function secretText({ hostPath }: SecretRef): string {
  return hostPath === undefined
    ? "of the place's store, read at boot into the memory of the head's machine"
    : `the file ${code(hostPath)} of the head's machine`;
}

const WAYS: { readonly [placement in StagedModel["placement"]]: string } = {
  shared: "the head fetches it once, onto storage that all nodes see",
  replicated: "the head fetches it once, the other nodes take it from one another onto their own disks",
};

function sourceText({ source }: StagedModel): string {
  const { kind, location, revision, endpoint, include, exclude } = source;
  if (kind === "path") {
    return "none, it lies in its folder already";
  }
  if (kind === "index") {
    return `${code(location)}, by an index of addresses`;
  }
  const only = include.join() === "*" ? "" : `, only ${codes(include)}`;
  const without = exclude.length === 0 ? "" : `, without ${codes(exclude)}`;
  return `${code(location)} of ${endpoint ?? "the hub"} at commit ${code(revision)}${only}${without}`;
}

function storageLines(storage: readonly IStorage[]): readonly string[] {
  return [
    "",
    ...table(
      ["folder in the containers", "folder of the machines", "kept by"],
      storage.map(({ hostPath, mountPath, isShared }) => [
        code(mountPath),
        code(hostPath),
        isShared ? "storage that all machines share" : "each machine",
      ]),
      "None.",
    ),
  ];
}

/** Decimal, as disks and hubs count. */
function amount(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
