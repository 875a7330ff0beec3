import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HubObject } from "../../lib/topology/model/hub-keys";
import { Model } from "../../lib/topology/model/model";
import reference from "../fixtures/models/reference.json";
import sizes from "../fixtures/models/sizes.json";

/** How a row of a fixture names its model: one of these, and keys over its configuration. */
export interface FixtureModel {
  /** Key in the catalogue. */
  readonly catalog?: string;
  /** Name of a file in `fixtures/models`. */
  readonly file?: string;
  /** Name in `reference.json`. */
  readonly reference?: string;
  /** Name in `sizes.json`. */
  readonly size?: string;
  readonly config?: HubObject;
  readonly change?: HubObject;
}

const REFERENCE = reference as unknown as readonly { readonly name: string; readonly config: HubObject }[];
const SIZES = sizes as unknown as readonly { readonly model: string; readonly config?: HubObject }[];

const folder = mkdtempSync(join(tmpdir(), "models-"));

/** The model of a row. */
export function fixtureModel(row: FixtureModel, name: string): Model {
  if (row.catalog !== undefined) {
    return Model.of(row.catalog);
  }
  if (row.file !== undefined) {
    return Model.fromConfig(join(__dirname, "../fixtures/models", `${row.file}.json`), { name });
  }
  const config =
    row.config ??
    REFERENCE.find((other) => other.name === row.reference)?.config ??
    SIZES.find(({ model }) => model === row.size)?.config;
  if (config === undefined) {
    throw new Error(`no configuration for ${name}`);
  }
  const path = join(folder, "config.json");
  writeFileSync(path, JSON.stringify(over(config, row.change ?? {})));
  return Model.fromConfig(path, { name });
}

/** Keys over others; those of an object within are put over its own. */
function over(config: HubObject, change: HubObject): HubObject {
  const merged = Object.entries(change).map(([key, value]) => {
    const below = config[key];
    const isNested = isObject(value) && isObject(below);
    return [key, isNested ? over(below, value) : value] as const;
  });
  return { ...config, ...Object.fromEntries(merged) };
}

function isObject(value: unknown): value is HubObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
