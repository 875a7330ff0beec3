import { engineDownload } from "../../catalog/engine-downloads";
import { unless } from "../../problems/checks";
import { isLate } from "../../problems/late-values";
import {
  type ErrorFinding,
  errorRule,
  type Found,
  type WarningFinding,
  warningRule,
} from "../../problems/rule";
import { show } from "../../problems/text";
import type { ClusterSpec, PlacedModel } from "../plan/spec";
import { storageHolding } from "../plan/staging";
import type { ClusterRule } from "./rule";

const COMMIT = /^[0-9a-f]{40}$/;
const REPOSITORY = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const OBJECT_PREFIX = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\s?#]+$/;

/** Rules of the model's source. */
export const stagingRules: readonly ClusterRule[] = [
  errorRule("RC130", {
    title: "A model from a hub is pinned to a commit",
    why: "A branch can move between two nodes or two starts, which would then hold different models.",
    check: ofHub(({ path, source: { revision, location, endpoint } }) =>
      unless(COMMIT.test(revision ?? ""), {
        path: `${path}.revision`,
        got: show(revision),
        must: "be a commit of 40 hexadecimal digits",
        fix: `choose one from the history of ${location} at ${endpoint}`,
      }),
    ),
  }),
  errorRule("RC131", {
    title: "A model from a hub is named by its repository",
    why: "The hub would not find it, after the machines were created.",
    check: ofHub(({ path, source: { location } }) =>
      unless(REPOSITORY.test(location), {
        path,
        got: show(location),
        must: "be <owner>/<name>, as on the hub",
        fix: "copy the name from the model's page, e.g. 'Qwen/Qwen2.5-72B-Instruct'",
      }),
    ),
  }),
  errorRule("RC132", {
    title: "The hub's address is plain http or https",
    why: "The node rejects anything else, and credentials in the address would end up in Terraform's state.",
    check: ofHub(({ path, source: { endpoint } }) =>
      unless(isPlainAddress(endpoint), {
        path: `${path}.endpoint`,
        // It may hold a password.
        got: isLate(endpoint ?? "") ? show(endpoint) : "a value (not shown)",
        must: "be http(s)://<host>[:<port>][/<path>], without user, query and fragment",
        fix: "use the mirror's plain address and pass credentials as token",
      }),
    ),
  }),
  errorRule("RC133", {
    title: "Some of the model's files are included",
    why: "Without a pattern nothing is fetched, and the engine finds an empty folder.",
    check: ofHub(({ path, source: { include } }) =>
      unless(include.length > 0, {
        path: `${path}.include`,
        got: "an empty list",
        must: "contain at least one pattern",
        fix: "leave it out to fetch all files, or name files, e.g. '*.safetensors'",
      }),
    ),
  }),
  errorRule("RC134", {
    title: "A model in an object store is named by bucket and prefix",
    why: "The name determines the folder on the nodes.",
    check: ofEach(({ path, source: { kind, location } }) =>
      unless(kind !== "index" || OBJECT_PREFIX.test(location), {
        path,
        got: show(location.replace(/\?.*/, "?...")),
        must: "be s3://<bucket>/<prefix>",
        fix: "name the model's folder, e.g. 's3://models/llama-3.1-405b'; presigned URLs belong in the index",
      }),
    ),
  }),
  warningRule("RC136", {
    title: "A token is sent encrypted",
    why: "Anyone who can read the network between the head and the hub could take it.",
    check: ofEach(({ path, source: { secret, endpoint } }) =>
      unless(secret === undefined || endpoint?.startsWith("http:") !== true, {
        path: `${path}.endpoint`,
        got: show(endpoint),
        consequence: "receives the token unencrypted",
        fix: "use https, or a mirror that needs no token",
      }),
    ),
  }),
  warningRule("RC137", {
    title: "A model that is in place lies on storage of the cluster",
    why: "Each node looks for it at the same path; one without it fails the cluster.",
    check: placed(({ path, folder }, spec) =>
      unless(storageHolding(spec.storage, folder) !== undefined, {
        path,
        got: show(folder),
        consequence: "is not on any declared storage, so the image must contain it",
        fix: "if it is a folder of the machines, add storage: [HostPathStorage.shared('/mnt/models')]",
      }),
    ),
  }),
  warningRule("RC138", {
    title: "A staging timeout is set for a cluster with a model",
    why: "Without a model nothing is staged.",
    check: ({ models, deadlines }) =>
      models.length === 0 &&
      deadlines.stagingSeconds !== 0 && {
        path: "stagingTimeoutSeconds",
        got: `${deadlines.stagingSeconds} s`,
        consequence: "has no effect: the cluster has no model to stage",
        fix: "set model, e.g. to ModelSource.huggingFace(...), or leave the timeout out",
      },
  }),
  errorRule("RC161", {
    title: "No pattern of the model's files is empty",
    why: "An empty pattern matches no file.",
    check: ofEach(({ path, source }) =>
      (["include", "exclude"] as const).map((property) =>
        source[property].map((pattern, index) =>
          unless(pattern !== "", {
            path: `${path}.${property}[${index}]`,
            got: show(pattern),
            must: "be a pattern of file names",
            fix: "remove it",
          }),
        ),
      ),
    ),
  }),
  warningRule("RC162", {
    title: "A model that is in place is shared by all nodes",
    why: "On each node's own disk, one copy that is missing or different fails the cluster.",
    check: placed(
      ({ path, folder }, spec) =>
        storageHolding(spec.storage, folder)?.isShared === false &&
        spec.pools.reduce((sum, pool) => sum + pool.nodes, 0) > 1 && {
          path,
          got: show(folder),
          consequence: "is on each node's own disk, so it must be copied to all of them",
          fix: "use shared storage, or let the cluster fetch the model with ModelSource.huggingFace",
        },
    ),
  }),
  warningRule("RC173", {
    title: "An engine finds all that it reads when it starts",
    why: "Without the internet it fails after the model was loaded, whatever lies in the model's folder.",
    check: ({ model, engine, environment, driverEnvironment }) => {
      const needed = engineDownload(engine.name, model?.shape.modelType ?? "");
      const files = needed?.files.join(" and ");
      return (
        needed !== undefined &&
        unless(needed.variable in { ...environment, ...driverEnvironment }, {
          path: "environment",
          got: `no ${needed.variable}`,
          consequence: `lets ${engine.name} fetch ${files} for ${model?.name} from the internet at each start`,
          fix: `put the files on storage of the cluster, and name their folder: environment: { ${needed.variable}: '/models/tiktoken' }`,
        })
      );
    },
  }),
];

function ofEach<Item>(check: (model: PlacedModel, spec: ClusterSpec) => Found<Item>) {
  return (spec: ClusterSpec) => spec.models.map((model) => check(model, spec));
}

function ofHub(check: (model: PlacedModel) => Found<ErrorFinding>) {
  return ofEach((model) => model.source.isOfHub && check(model));
}

function placed(check: (model: PlacedModel, spec: ClusterSpec) => Found<WarningFinding>) {
  return ofEach(
    (model, spec) => model.source.kind === "path" && model.folder.startsWith("/") && check(model, spec),
  );
}

function isPlainAddress(endpoint: string | undefined): boolean {
  try {
    const { protocol, username, password, search, hash } = new URL(endpoint ?? "");
    return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === "");
  } catch {
    return false;
  }
}
