import type { FactRow } from "./facts";
import rows from "./model-hubs.json";
import type { ModelHub } from "./models";

/** A hub that models are fetched from. */
export interface ModelHubFacts extends FactRow {
  readonly id: string;
  readonly title: string;
  /** Address of its API. */
  readonly endpoint: string;
  /** Variables that keep its libraries from asking it, by name. */
  readonly offline: { readonly [name: string]: string };
  readonly purpose: string;
}

const hubs = rows as readonly ModelHubFacts[];

/** Hubs that the node program can fetch from. */
export type FetchableHub = Extract<ModelHub, "huggingface">;

/** Facts of a hub. */
export function findModelHub(id: FetchableHub): ModelHubFacts {
  const found = hubs.find((hub) => hub.id === id);
  if (!found) {
    throw new Error(`no row '${id}' in model-hubs.json`);
  }
  return found;
}

/** Variables that keep the libraries of all hubs from the network, once the model is a local folder. */
export function offlineVariables(): { readonly [name: string]: string } {
  return Object.assign({}, ...hubs.map((hub) => hub.offline)) as { readonly [name: string]: string };
}
