import type { FactRow } from "./facts";

/** The rows of one file of the catalogue. */
export interface Table<Row> {
  /** All rows, in the order of the file. */
  readonly all: () => readonly Row[];
  /** The row with a key; `undefined` where there is none. */
  readonly find: (key: string) => Row | undefined;
  /** The row with a key that this library names itself. Throws where there is none, which is an internal error. */
  readonly get: (key: string) => Row;
}

/**
 * A typed look-up over rows of JSON.
 *
 * @param noun what a row is, for the message about a missing one
 * @param rows content of the JSON file; a test checks its form
 * @param key property with the key, unique in the file
 */
export function table<Row extends FactRow>(noun: string, rows: readonly object[], key = "id"): Table<Row> {
  const typed = rows as readonly Row[];
  const byKey = new Map(typed.map((row) => [(row as unknown as { [name: string]: string })[key], row]));
  if (byKey.size < typed.length) {
    throw new Error(`two rows of kind '${noun}' have the same '${key}' in the catalogue`);
  }
  return {
    all: () => typed,
    find: (wanted) => byKey.get(wanted),
    get: (wanted) => {
      const row = byKey.get(wanted);
      if (row === undefined) {
        throw new Error(`no ${noun} '${wanted}' in the catalogue`);
      }
      return row;
    },
  };
}
