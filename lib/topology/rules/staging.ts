import { isAbsolutePath } from "../../problems/checks";
import type { ErrorFinding, Found, WarningFinding } from "../../problems/rule";
import { show } from "../../problems/text";
import type { ModelSource } from "../declaration/model-source";
import type { SecretKind } from "../declaration/secret-ref";
import type { ClusterSpec } from "../plan/spec";
import { storageHolding } from "../plan/staging";
import type { ClusterRule } from "./rule";

const COMMIT = /^[0-9a-f]{40}$/;
const REPOSITORY = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const OBJECT_PREFIX = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\s?#]+$/;

/** Rules of the model's source. */
export const stagingRules: readonly ClusterRule[] = [
  {
    id: "RC130",
    level: "error",
    title: "A model from a hub is pinned to a commit",
    why: "A branch can move between two nodes or two starts, which would then hold different models.",
    check: (spec) =>
      ofKind(spec, "hub", ({ revision, location, endpoint }) =>
        COMMIT.test(revision ?? "")
          ? []
          : {
              path: "model.revision",
              got: show(revision),
              must: "be a commit of 40 hexadecimal digits",
              fix: `choose one from the history of ${location} at ${endpoint}`,
            },
      ),
  },
  {
    id: "RC131",
    level: "error",
    title: "A model from a hub is named by its repository",
    why: "The hub would not find it, after the machines were created.",
    check: (spec) =>
      ofKind(spec, "hub", ({ location }) =>
        REPOSITORY.test(location)
          ? []
          : {
              path: "model",
              got: show(location),
              must: "be <owner>/<name>, as on the hub",
              fix: "copy the name from the model's page, e.g. 'Qwen/Qwen2.5-72B-Instruct'",
            },
      ),
  },
  {
    id: "RC132",
    level: "error",
    title: "The hub's address is plain http or https",
    why: "The node rejects anything else, and credentials in the address would end up in Terraform's state.",
    check: (spec) =>
      ofKind(spec, "hub", ({ endpoint }) =>
        isPlainAddress(endpoint)
          ? []
          : {
              path: "model.endpoint",
              // It may hold a password.
              got: "a value (not shown)",
              must: "be http(s)://<host>[:<port>][/<path>], without user, query and fragment",
              fix: "use the mirror's plain address and pass credentials as token",
            },
      ),
  },
  {
    id: "RC133",
    level: "error",
    title: "Some of the model's files are included",
    why: "Without a pattern nothing is fetched, and the engine finds an empty folder.",
    check: (spec) =>
      ofKind(spec, "hub", ({ include }) =>
        include.length > 0
          ? []
          : {
              path: "model.include",
              got: "an empty list",
              must: "contain at least one pattern",
              fix: "leave it out to fetch all files, or name files, e.g. '*.safetensors'",
            },
      ),
  },
  {
    id: "RC134",
    level: "error",
    title: "A model in an object store is named by bucket and prefix",
    why: "The name determines the folder on the nodes.",
    check: (spec) =>
      ofKind(spec, "index", ({ location }) =>
        OBJECT_PREFIX.test(location)
          ? []
          : {
              path: "model",
              got: show(location.replace(/\?.*/, "?...")),
              must: "be s3://<bucket>/<prefix>",
              fix: "name the model's folder, e.g. 's3://models/llama-3.1-405b'; presigned URLs belong in the index",
            },
      ),
  },
  {
    id: "RC135",
    level: "error",
    title: "A secret is named by the absolute path of its file",
    why: "Docker takes anything else for the name of a volume, which would be empty.",
    check: ({ modelSource }) =>
      modelSource?.secret?.hostPath === undefined || isFilePath(modelSource.secret.hostPath)
        ? []
        : {
            path: secretPath(modelSource),
            got: "a value (not shown)",
            must: "be the absolute path of a file on the head's machine",
            fix: "write the secret to a file and reference it, e.g. SecretRef.hostFile('/root/hf-token')",
          },
  },
  {
    id: "RC136",
    level: "warning",
    title: "A token is sent encrypted",
    why: "Anyone who can read the network between the head and the hub could take it.",
    check: ({ modelSource }) =>
      modelSource?.secret !== undefined && modelSource.endpoint?.startsWith("http:")
        ? {
            path: "model.endpoint",
            got: show(modelSource.endpoint),
            consequence: "receives the token unencrypted",
            fix: "use https, or a mirror that needs no token",
          }
        : [],
  },
  {
    id: "RC137",
    level: "warning",
    title: "A model that is in place lies on storage of the cluster",
    why: "Each node looks for it at the same path; one without it fails the cluster.",
    check: (spec) =>
      placed(spec, (path) =>
        storageHolding(spec.storage, path) === undefined
          ? {
              path: "model",
              got: show(path),
              consequence: "is not on any declared storage, so the image must contain it",
              fix: "if it is a folder of the machines, add storage: [HostPathStorage.shared('/mnt/models')]",
            }
          : [],
      ),
  },
  {
    id: "RC138",
    level: "warning",
    title: "A staging timeout is set for a cluster with a model",
    why: "Without a model nothing is staged.",
    check: ({ modelSource, deadlines }) =>
      modelSource !== undefined || deadlines.stagingSeconds === 0
        ? []
        : {
            path: "stagingTimeoutSeconds",
            got: `${deadlines.stagingSeconds} s`,
            consequence: "has no effect: the cluster has no model to stage",
            fix: "set model, e.g. to ModelSource.huggingFace(...), or leave the timeout out",
          },
  },
  {
    id: "RC139",
    level: "error",
    title: "The backend can read the secret",
    why: "Machines that a deployment creates hold no file yet; existing machines have no secret store.",
    check: ({ modelSource }, { place: { backend, secretKinds = ["host-file"] } }) =>
      modelSource?.secret === undefined || secretKinds.includes(modelSource.secret.kind)
        ? []
        : {
            path: secretPath(modelSource),
            got: SECRETS[modelSource.secret.kind],
            must: `be ${secretKinds.map((kind) => SECRETS[kind]).join(" or ")} on the '${backend}' backend`,
            fix: "put the secret where this backend's machines can read it",
          },
  },
  {
    id: "RC161",
    level: "error",
    title: "No pattern of the model's files is empty",
    why: "An empty pattern matches no file.",
    check: ({ modelSource }) =>
      Object.entries({ include: modelSource?.include ?? [], exclude: modelSource?.exclude ?? [] }).flatMap(
        ([property, patterns]) =>
          patterns.flatMap((pattern, index) =>
            pattern === ""
              ? {
                  path: `model.${property}[${index}]`,
                  got: show(pattern),
                  must: "be a pattern of file names",
                  fix: "remove it",
                }
              : [],
          ),
      ),
  },
  {
    id: "RC162",
    level: "warning",
    title: "A model that is in place is shared by all nodes",
    why: "On each node's own disk, one copy that is missing or different fails the cluster.",
    check: (spec) =>
      placed(spec, (path) =>
        storageHolding(spec.storage, path)?.isShared === false &&
        spec.pools.reduce((sum, pool) => sum + pool.nodes, 0) > 1
          ? {
              path: "model",
              got: show(path),
              consequence: "is on each node's own disk, so it must be copied to all of them",
              fix: "use shared storage, or let the cluster fetch the model with ModelSource.huggingFace",
            }
          : [],
      ),
  },
];

function secretPath({ kind }: ModelSource): string {
  return kind === "index" ? "model.index" : "model.token";
}

const SECRETS: { readonly [kind in SecretKind]: string } = {
  "host-file": "SecretRef.hostFile(path)",
  managed: "SecretRef.managed(id)",
};

function ofKind(
  { modelSource }: ClusterSpec,
  kind: "hub" | ModelSource["kind"],
  check: (source: ModelSource) => Found<ErrorFinding>,
): Found<ErrorFinding> {
  const isMeant = kind === "hub" ? modelSource?.isOfHub : modelSource?.kind === kind;
  return modelSource !== undefined && isMeant === true ? check(modelSource) : [];
}

function placed(
  { modelSource, modelPath }: ClusterSpec,
  check: (path: string) => Found<WarningFinding>,
): Found<WarningFinding> {
  return modelSource?.kind === "path" && modelPath?.startsWith("/") ? check(modelPath) : [];
}

function isPlainAddress(endpoint: string | undefined): boolean {
  try {
    const { protocol, username, password, search, hash } = new URL(endpoint ?? "");
    return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === "");
  } catch {
    return false;
  }
}

function isFilePath(path: string): boolean {
  return isAbsolutePath(path) && path !== "/";
}
