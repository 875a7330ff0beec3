import { findModelHub } from "../../catalog/model-hubs";
import { findModelOfRepository, type ModelHub } from "../../catalog/models";
import { Model } from "../model/model";
import type { SecretRef } from "./secret-ref";

/** `huggingFace`, `modelScope`: a repository of a hub; `index`: files by their addresses; `path`: an existing folder. */
export type ModelSourceKind = "huggingFace" | "modelScope" | "index" | "path";

/** Options of a repository on a hub or a mirror of it. */
export interface HubOptions {
  /** Commit, 40 hexadecimal digits: a branch could change between two nodes or two starts. */
  readonly revision: string;
  /**
   * Access token, for a gated or private model.
   *
   * @default - none
   */
  readonly token?: SecretRef;
  /**
   * Address of the hub.
   *
   * @default - https://huggingface.co, https://modelscope.cn
   */
  readonly endpoint?: string;
  /**
   * Shell patterns of the files that are wanted; `*` matches `/`, too.
   *
   * @default - all files
   */
  readonly include?: readonly string[];
  /**
   * Shell patterns of the files that are not wanted.
   *
   * @default ['original/*'], where some makers keep a second copy of the weights
   */
  readonly exclude?: readonly string[];
  /**
   * The model's numbers.
   *
   * @default - those of the catalogue, for a repository that it knows; else unknown
   */
  readonly model?: Model;
}

/** Options of a model in an object store. */
export interface S3Options {
  /** Index of the files: JSON with path, size, SHA-256 and presigned URL of each. It is a secret as long as its URLs are valid. */
  readonly index: SecretRef;
  /**
   * The model's numbers.
   *
   * @default - unknown
   */
  readonly model?: Model;
}

/** Options of a model in an existing folder. */
export interface ModelPathOptions {
  /**
   * The model's numbers.
   *
   * @default - unknown
   */
  readonly model?: Model;
}

type Parts = Partial<Pick<ModelSource, "model" | "revision" | "secret" | "endpoint" | "include" | "exclude">>;

const WITHOUT_SECOND_COPY = ["original/*"];

/**
 * Where a model's files come from. They are fetched once for the whole cluster, by the head, and engines start
 * offline on a local folder.
 *
 * @example
 * ModelSource.huggingFace("Qwen/Qwen2.5-72B-Instruct", { revision: "495f39366efef23836d0cfae4fbe635880d2be31" });
 */
export class ModelSource {
  /**
   * A repository of the Hugging Face hub, at a commit. The head's image must hold `huggingface_hub`.
   *
   * @param repository `<owner>/<name>`
   */
  public static huggingFace(repository: string, options: HubOptions): ModelSource {
    return ModelSource.ofHub("huggingFace", "huggingface", repository, options);
  }

  /**
   * A repository of ModelScope, at a commit. The head's image must hold `modelscope_hub`, which comes with
   * `modelscope` 1.38 and newer.
   *
   * @param repository `<owner>/<name>`
   */
  public static modelScope(repository: string, options: HubOptions): ModelSource {
    return ModelSource.ofHub("modelScope", "modelscope", repository, options);
  }

  /**
   * Files of an object store. The node program cannot sign requests, so it takes
   * an index of presigned URLs, made by whoever has access:
   * `{"files": [{"path": "config.json", "size": 812, "sha256": "...", "url": "https://..."}]}`.
   *
   * @param uri `s3://<bucket>/<prefix>`; names the content, nothing is asked of it
   */
  public static s3(uri: string, options: S3Options): ModelSource {
    return new ModelSource("index", uri, { model: options.model, secret: options.index });
  }

  /**
   * A folder that holds the model already: on storage, or in the image.
   *
   * @param directory absolute path in the containers, the same on every node
   */
  public static path(directory: string, options: ModelPathOptions = {}): ModelSource {
    return new ModelSource("path", directory, { model: options.model });
  }

  private static ofHub(
    kind: ModelSourceKind,
    hub: ModelHub,
    repository: string,
    options: HubOptions,
  ): ModelSource {
    const { revision, token, endpoint, include, exclude, model } = options;
    const facts = findModelOfRepository(hub, repository);
    return new ModelSource(kind, repository, {
      model: model ?? (facts && Model.of(facts.id)),
      revision,
      secret: token,
      endpoint: endpoint ?? findModelHub(hub).endpoint,
      include,
      exclude: exclude ?? WITHOUT_SECOND_COPY,
    });
  }

  /** The model's numbers; `undefined`: unknown. */
  public readonly model?: Model;
  /** Commit of a repository. */
  public readonly revision?: string;
  /** Credentials of the source: the hub's token, or the index of presigned URLs. */
  public readonly secret?: SecretRef;
  /** Address of the hub. */
  public readonly endpoint?: string;
  /** Shell patterns of the files that are wanted. */
  public readonly include: readonly string[];
  /** Shell patterns of the files that are not wanted. */
  public readonly exclude: readonly string[];

  private constructor(
    /** Where the files come from. */
    public readonly kind: ModelSourceKind,
    /** Repository, URI or folder. */
    public readonly location: string,
    parts: Parts,
  ) {
    this.model = parts.model;
    this.revision = parts.revision;
    this.secret = parts.secret;
    this.endpoint = parts.endpoint;
    this.include = [...(parts.include ?? ["*"])];
    this.exclude = [...(parts.exclude ?? [])];
  }

  /** Whether it is a repository of a hub. */
  public get isOfHub(): boolean {
    return this.kind === "huggingFace" || this.kind === "modelScope";
  }

  /** Whether files are fetched at all. */
  public get isFetched(): boolean {
    return this.kind !== "path";
  }
}
