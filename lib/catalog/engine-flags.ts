import rows from "./engine-flags.json";
import type { FactRow } from "./facts";
import { compareVersions, parseVersion } from "./ray-versions";
import { table } from "./table";

/** What the command line of one version of an engine has more and less than that of the version before. */
interface FlagChange extends FactRow {
  readonly id: string;
  readonly engine: string;
  readonly version: string;
  /** Flags without a value, separated by blanks. */
  readonly switches: string;
  /** Flags with a value. */
  readonly values: string;
  readonly removed: string;
}

/** Flags of a command line; `true`: with a value. */
export type EngineFlags = ReadonlyMap<string, boolean>;

const changes = table<FlagChange>("command line of an engine", rows);

/**
 * The flags of a version. Between two versions that were read a flag counts as known where either has it.
 *
 * @returns `undefined` for a version that is older or newer than all that were read
 */
export function flagsOfEngine(engine: string, version: string | undefined): EngineFlags | undefined {
  if (version === undefined || !parseVersion(version)) {
    return undefined;
  }
  const read = changes.all().filter((row) => row.engine === engine);
  const before = read.filter((row) => compareVersions(row.version, version) <= 0);
  const after = read.find((row) => compareVersions(row.version, version) >= 0);
  return before.length === 0 || after === undefined
    ? undefined
    : new Map([...flagsAfter(before), ...flagsAfter([...before, after])]);
}

/** All flags that any version that was read has. */
export function everyFlagOfEngine(engine: string): EngineFlags {
  const read = changes.all().filter((row) => row.engine === engine);
  return new Map(read.flatMap((_, index) => [...flagsAfter(read.slice(0, index + 1))]));
}

function flagsAfter(steps: readonly FlagChange[]): EngineFlags {
  const flags = new Map<string, boolean>();
  for (const { switches, values, removed } of steps) {
    for (const flag of words(removed)) {
      flags.delete(flag);
    }
    for (const flag of words(switches)) {
      flags.set(flag, false);
    }
    for (const flag of words(values)) {
      flags.set(flag, true);
    }
  }
  return flags;
}

function words(text: string): readonly string[] {
  return text === "" ? [] : text.split(" ");
}
