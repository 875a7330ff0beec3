import type { FactRow } from "./facts";
import rows from "./storage-speeds.json";
import { table } from "./table";

/** How fast a kind of storage is read at most. */
interface StorageSpeedFacts extends FactRow {
  /** Storage, and whose speed it is. */
  readonly id: string;
  readonly bytesPerSecond: number;
}

export const { get: storageSpeedOf } = table<StorageSpeedFacts>("speed of a storage", rows);
