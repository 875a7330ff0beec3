import type { FoundRelease } from "../../catalog/engine-releases";
import type { EngineFinding } from "../../topology/engine-spec";

/** An image and what is to run in it. */
export interface EngineReleaseQuery {
  /** Name of the engine, as `EngineSpec.name`. */
  readonly engine: string;
  /** Reference of the image. */
  readonly image: string;
  /** Names of Python packages that are added to the image before it runs. @default - none */
  readonly addedPackages?: readonly string[];
  /** Ray that the image is said to hold. */
  readonly rayVersion: string;
  /** Python that the image is said to hold. @default - not said */
  readonly pythonVersion?: string;
  /** Version of the engine, where the image's tag does not name it. @default - not known */
  readonly engineVersion?: string;
  /** vLLM's executor. @default 'ray' */
  readonly executor?: string;
  /** Key of the accelerators in the catalogue. @default - not known */
  readonly acceleratorId?: string;
  /** Key of the fabric. @default - not known */
  readonly fabric?: string;
  /** Nodes with accelerators. */
  readonly nodes: number;
  /**
   * Whether a rank table is given to every node (`ASCEND_RANK_TABLE_FILE_PATH`).
   *
   * @default - where the engine's version reads one
   */
  readonly rankTable?: boolean;
  readonly authentication: "token" | "none";
}

/** A finding with its reason and where to read more. */
export interface ReleaseFinding extends EngineFinding {
  readonly reason: string;
  readonly links: readonly string[];
}

/** One thing that must hold. Pure. */
export type ReleaseCheck = (
  query: EngineReleaseQuery,
  found: FoundRelease | undefined,
) => readonly ReleaseFinding[];
