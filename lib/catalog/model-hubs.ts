import type { FactRow } from "./facts";
import rows from "./model-hubs.json";
import type { ModelHub } from "./models";
import { table } from "./table";

/** A hub that models are fetched from. */
export interface ModelHubFacts extends FactRow {
  readonly id: string;
  readonly title: string;
  /** Address of its API. */
  readonly endpoint: string;
  /** Variables that keep its libraries from asking it, by name. */
  readonly offline: { readonly [name: string]: string };
}

const { all, get } = table<ModelHubFacts>("model hub", rows);

/** A hub that the node program can fetch from. */
export const findModelHub: (id: ModelHub) => ModelHubFacts = get;

/** Variables that keep the libraries of all hubs from the network, once the model is a local folder. */
export function offlineVariables(): { readonly [name: string]: string } {
  return Object.fromEntries(all().flatMap(({ offline }) => Object.entries(offline)));
}
