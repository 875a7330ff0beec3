import type { ModelSource } from "../declaration/model-source";
import type { SecretKind } from "../declaration/secret-ref";
import type { ClusterSpec } from "../plan/spec";
import { storageHolding } from "../plan/staging";
import type { Finding, Rule } from "./rule";
import { oneOf, show } from "../../problems/text";

const COMMIT = /^[0-9a-f]{40}$/;
const REPOSITORY = /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)?$/;
const OBJECT_PREFIX = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\s?#]+$/;

/** Rules of the model's source. */
export const stagingRules: readonly Rule[] = [
  {
    id: "RC130",
    level: "error",
    title: "A model of a hub is pinned to a commit",
    why: "A branch can move between two nodes or two starts; they would hold two models.",
    check: (spec) =>
      ofKind(spec, "huggingFace", ({ revision, location, endpoint }) =>
        COMMIT.test(revision ?? "")
          ? []
          : [
              {
                path: "model.revision",
                got: show(revision),
                allowed: "must be a commit of 40 hexadecimal digits",
                fix: `take one of ${endpoint}/${location}/commits/main`,
              },
            ],
      ),
  },
  {
    id: "RC131",
    level: "error",
    title: "A model of a hub is named by its repository",
    why: "The hub would know no such model, after the machines were made.",
    check: (spec) =>
      ofKind(spec, "huggingFace", ({ location }) =>
        REPOSITORY.test(location)
          ? []
          : [
              {
                path: "model",
                got: show(location),
                allowed: "must be <owner>/<name>, as the hub names it",
                fix: "copy the name from the model's page, e.g. 'Qwen/Qwen2.5-72B-Instruct'",
              },
            ],
      ),
  },
  {
    id: "RC132",
    level: "error",
    title: "The hub's address is plain http or https",
    why: "Anything else is refused on the node; a user name in it would lie in Terraform's state.",
    check: (spec) =>
      ofKind(spec, "huggingFace", ({ endpoint }) =>
        isPlainAddress(endpoint)
          ? []
          : [
              {
                path: "model.endpoint",
                // It may hold a password.
                got: "another address",
                allowed: "must be http(s)://<host>[:<port>][/<path>], without user, query and fragment",
                fix: "leave it out, or give the mirror's address; a token goes into 'token'",
              },
            ],
      ),
  },
  {
    id: "RC133",
    level: "error",
    title: "Some files of the model are wanted",
    why: "Without a pattern nothing is fetched, and the engine finds an empty folder.",
    check: (spec) =>
      ofKind(spec, "huggingFace", ({ include, exclude }) => [
        ...patternFindings("model.include", include, include.length > 0),
        ...patternFindings("model.exclude", exclude, true),
      ]),
  },
  {
    id: "RC134",
    level: "error",
    title: "A model of an object store is named by bucket and prefix",
    why: "The name says which content the folder on the nodes holds.",
    check: (spec) =>
      ofKind(spec, "index", ({ location }) =>
        OBJECT_PREFIX.test(location)
          ? []
          : [
              {
                path: "model",
                got: show(location.replace(/\?.*/, "?...")),
                allowed: "must be s3://<bucket>/<prefix>",
                fix: "name the folder of the model, e.g. 's3://models/llama-3.1-405b'; addresses go into the index",
              },
            ],
      ),
  },
  {
    id: "RC135",
    level: "error",
    title: "A secret is named by the absolute path of its file",
    why: "Docker takes anything else for the name of a volume, which would be empty.",
    check: ({ modelSource }) =>
      modelSource?.secret?.hostPath === undefined || isAbsoluteFile(modelSource.secret.hostPath)
        ? []
        : [
            {
              path: secretPath(modelSource),
              got: "another text (not shown)",
              allowed: "must be the absolute path of a file on the machine of the head",
              fix: "write the secret into a file and name that, e.g. SecretRef.hostFile('/root/hf-token')",
            },
          ],
  },
  {
    id: "RC136",
    level: "warning",
    title: "A token travels encrypted",
    why: "Who reads the network between the head and the hub could take it.",
    check: (spec) =>
      ofKind(spec, "huggingFace", ({ secret, endpoint }) =>
        secret !== undefined && endpoint?.startsWith("http:")
          ? [
              {
                path: "model.endpoint",
                got: show(endpoint),
                allowed: "should be https, where a token is sent",
                fix: "use https, or a mirror that needs no token",
              },
            ]
          : [],
      ),
  },
  {
    id: "RC137",
    level: "warning",
    title: "A model that is in place lies where all nodes have it",
    why: "Each node looks for it at the same path; one without it fails the cluster.",
    check: checkPlace,
  },
  {
    id: "RC138",
    level: "warning",
    title: "The time for staging is that of a model",
    why: "Without a model it has no effect.",
    check: ({ modelSource, deadlines }) =>
      modelSource !== undefined || deadlines.stagingSeconds === 0
        ? []
        : [
            {
              path: "stagingTimeoutSeconds",
              got: show(deadlines.stagingSeconds),
              allowed: "has no effect: the cluster brings no model",
              fix: "name the model, e.g. ModelSource.huggingFace(...), or leave it out",
            },
          ],
  },
  {
    id: "RC139",
    level: "error",
    title: "The place can give the secret",
    why: "Machines that a deployment makes hold no file yet; machines of your own know no store of secrets.",
    check: ({ modelSource }, { place: { backend, secretKinds = ["host-file"] } }) =>
      modelSource?.secret === undefined || secretKinds.includes(modelSource.secret.kind)
        ? []
        : [
            {
              path: secretPath(modelSource),
              got: SECRETS[modelSource.secret.kind],
              allowed: `must be ${oneOf(secretKinds.map((kind) => SECRETS[kind]))} on the backend '${backend}'`,
              fix: "name the secret where the machines of this backend find it",
            },
          ],
  },
];

function secretPath({ kind }: ModelSource): string {
  return kind === "index" ? "model.index" : "model.token";
}

/** As a person writes it. */
const SECRETS: { readonly [kind in SecretKind]: string } = {
  "host-file": "SecretRef.hostFile(path)",
  managed: "SecretRef.managed(id)",
};

function ofKind(
  { modelSource }: ClusterSpec,
  kind: ModelSource["kind"],
  check: (source: ModelSource) => readonly Finding[],
): readonly Finding[] {
  return modelSource?.kind === kind ? check(modelSource) : [];
}

function isPlainAddress(endpoint: string | undefined): boolean {
  try {
    const { protocol, username, password, search, hash } = new URL(endpoint ?? "");
    return /^https?:$/.test(protocol) && [username, password, search, hash].every((part) => part === "");
  } catch {
    return false;
  }
}

function isAbsoluteFile(path: string): boolean {
  return /^\/[^\0\n\r]*[^/\0\n\r]$/.test(path) && !path.split("/").includes("..");
}

function patternFindings(path: string, patterns: readonly string[], isEnough: boolean): readonly Finding[] {
  return isEnough && patterns.every((pattern) => pattern !== "")
    ? []
    : [
        {
          path,
          got: patterns.length === 0 ? "an empty list" : show(""),
          allowed: "must hold patterns that are not empty",
          fix: "leave it out for the default, or name files, e.g. '*.safetensors'",
        },
      ];
}

function checkPlace({ modelSource, modelPath, storage, pools }: ClusterSpec): readonly Finding[] {
  if (modelSource?.kind !== "path" || modelPath === undefined || !modelPath.startsWith("/")) {
    return [];
  }
  const holding = storageHolding(storage, modelPath);
  const nodes = pools.reduce((sum, pool) => sum + pool.nodes, 0);
  if (holding === undefined) {
    return [
      {
        path: "model",
        got: show(modelPath),
        allowed: "lies on no storage of the cluster: the image must hold it",
        fix: "declare the folder, e.g. storage: [HostPathStorage.shared('/mnt/models')]",
      },
    ];
  }
  return holding.isShared || nodes < 2
    ? []
    : [
        {
          path: "model",
          got: show(modelPath),
          allowed: "lies on each machine's own disk: it must be put on all of them",
          fix: "use shared storage, or let the cluster fetch it with ModelSource.huggingFace",
        },
      ];
}
