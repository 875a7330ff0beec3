import type { EngineFlags } from "../catalog/engine-flags";

/** A flag as a user wrote it among further arguments. */
export interface GivenFlag {
  /** Place of the flag among the arguments, from 0. */
  readonly index: number;
  readonly written: string;
  /** Its name with dashes, without a value and without the key of a nested value: `--limit-mm-per-prompt`. */
  readonly name: string;
  /** Key of a nested value: `video` of `--limit-mm-per-prompt.video`. */
  readonly key?: string;
  /** `undefined`: none follows. */
  readonly value?: string;
}

/** The flags among arguments, with their values. What stands before the first flag is left out. */
export function givenFlags(given: readonly string[]): readonly GivenFlag[] {
  return given.flatMap((written, index) => {
    if (!isFlag(written)) {
      return [];
    }
    const [, flag, key, , inline] = /^(--?[A-Za-z][^.=]*)(?:\.([^=]*))?(=([\s\S]*))?$/.exec(written) ?? [];
    const next = given[index + 1] as string | undefined;
    const value = inline ?? (next === undefined || isFlag(next) ? undefined : next);
    const found: GivenFlag = { index, written, name: (flag ?? written).replaceAll("_", "-") };
    return [{ ...found, ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) }];
  });
}

/**
 * The name that an engine takes a flag for: engines accept the beginning of a name where only one fits (Python's
 * `argparse`).
 *
 * @returns the name as it stands where none or several fit
 */
export function fullName(name: string, flags: EngineFlags): string {
  if (flags.has(name) || !name.startsWith("--")) {
    return name;
  }
  const fitting = [...flags.keys()].filter((flag) => flag.startsWith(name));
  return fitting.length === 1 ? fitting[0] : name;
}

function isFlag(argument: string): boolean {
  return /^--?[A-Za-z]/.test(argument);
}
