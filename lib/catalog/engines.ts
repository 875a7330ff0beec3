import batchRows from "./engine-batches.json";
import copyRows from "./engine-environment.json";
import memoryRows from "./engine-memory.json";
import portRows from "./engine-ports.json";
import settingRows from "./engine-settings.json";
import milestoneRows from "./engine-versions.json";
import type { Collective, FactRow } from "./facts";
import { table } from "./table";

/** A version of an engine, or of what it builds on, at which something changed. */
interface EngineMilestone extends FactRow {
  /** Engine for which it matters. */
  readonly engine: string;
  /** What has the version: the engine or `ray`. */
  readonly software: string;
  readonly version: string;
  /** Types of models that it is about. @default - all */
  readonly modelTypes?: readonly string[];
  /** Values of a setting that it is about, the default first. @default - all */
  readonly settings?: readonly string[];
  /** Where to read more. */
  readonly links: readonly string[];
}

export const { get: engineMilestone } = table<EngineMilestone>("engine milestone", milestoneRows);

/** A port that an engine opens, with its default number. */
interface EnginePortFacts extends FactRow {
  readonly port: number;
}

const ports = table<EnginePortFacts>("engine port", portRows);

/** The default number of a port. */
export function enginePortOf(id: string): number {
  return ports.get(id).port;
}

/** Memory that an engine takes on an accelerator besides weights and cache. */
interface EngineMemoryFacts extends FactRow {
  readonly gib: number;
}

const memory = table<EngineMemoryFacts>("engine memory", memoryRows);

/** A measured value in GiB. */
export function engineMemoryGiB(id: string): number {
  return memory.get(id).gib;
}

/** What an engine takes into one step where it is not told, by the memory of an accelerator. */
interface EngineBatch extends FactRow {
  readonly engine: string;
  /** Least memory for which the row holds. */
  readonly fromGiB: number;
  /** Most tokens of one step. */
  readonly tokens: number;
  /** Most sequences of one step. */
  readonly sequences: number;
  /** Accelerators whose name contains one of these are left to the next row. */
  readonly except: readonly string[];
}

const batches = table<EngineBatch>("batch of an engine", batchRows);

/** The row for an accelerator; `undefined` for an engine that is not in the catalogue. Rows go from large to small. */
export function engineBatchFor(
  engine: string,
  memoryGiB: number,
  accelerator: string,
): EngineBatch | undefined {
  return batches
    .all()
    .find(
      (row) =>
        row.engine === engine &&
        memoryGiB >= row.fromGiB &&
        !row.except.some((name) => accelerator.includes(name)),
    );
}

/** What a range of versions of an engine copies from its process on the head to its workers on all nodes. */
export interface EnvironmentCopies extends FactRow {
  readonly engine: string;
  /** Oldest version, inclusive; `null`: no bound. */
  readonly from: string | null;
  /** Newest version, inclusive; `null`: no bound. */
  readonly to: string | null;
  /** Every variable of the process. */
  readonly everything: boolean;
  readonly prefixes: readonly string[];
  readonly names: readonly string[];
  /** Variables that it never copies. */
  readonly never: readonly string[];
  /** Whether the copy replaces the value of the worker's own node. */
  readonly overwrites: boolean;
  /** File in its configuration folder with variables not to copy; `null`: it has none. */
  readonly exclusionFile: string | null;
}

const copies = table<EnvironmentCopies>("environment copy", copyRows);

/** What an engine copies, by its versions; empty for an engine that copies nothing. */
export function environmentCopiesOf(engine: string): readonly EnvironmentCopies[] {
  return copies.all().filter((row) => row.engine === engine);
}

/** A variable that an engine needs, or runs better with. */
interface EngineSetting extends FactRow {
  readonly engine: string;
  /** `cluster`: on every node before Ray starts; `driver`: for the engine's process. */
  readonly scope: "cluster" | "driver";
  readonly name: string;
  readonly value: string;
  /** Only with this library; `null`: with any. */
  readonly collective: Collective | null;
  /** Only where a model is (not) cut across nodes; `null`: either way. */
  readonly acrossNodes: boolean | null;
}

/** What decides whether a setting applies. */
interface EngineSettingCase {
  readonly engine: string;
  readonly scope: EngineSetting["scope"];
  readonly collective?: Collective;
  readonly acrossNodes: boolean;
}

const settings = table<EngineSetting>("engine setting", settingRows);

/** The variables that apply in a case, by name. */
export function engineSettingsFor(wanted: EngineSettingCase): { readonly [name: string]: string } {
  const holding = settings
    .all()
    .filter(
      ({ engine, scope, collective, acrossNodes }) =>
        engine === wanted.engine &&
        scope === wanted.scope &&
        (collective === null || collective === wanted.collective) &&
        (acrossNodes === null || acrossNodes === wanted.acrossNodes),
    );
  return Object.fromEntries(holding.map(({ name, value }) => [name, value]));
}
