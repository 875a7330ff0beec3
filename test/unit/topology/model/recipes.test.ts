import recipes from "../../../fixtures/models/recipes.json";
import reference from "../../../fixtures/models/reference.json";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HubObject } from "../../../../lib/topology/model/hub-keys";
import { Model } from "../../../../lib/topology/model/model";

/** A model of vllm-project/recipes (8959cf64) of at least 60 billion parameters that serves text. */
interface Recipe {
  readonly model: string;
  /** `parameter_count` of the recipe, rounded as it has it. */
  readonly billions: number;
  /** Name of the configuration in `reference.json`. */
  readonly reference?: string;
  /** Keys that the model has besides. */
  readonly change?: HubObject;
  /** The configuration itself, with its source. */
  readonly config?: HubObject;
  readonly source?: string;
}

const RECIPES = recipes as unknown as readonly Recipe[];
const REFERENCE = reference as unknown as readonly { readonly name: string; readonly config: HubObject }[];

/** No public copy of these configurations was found on 2026-11-29; the values are not guessed. */
const NOT_FOUND = [
  "Qwen/Qwen3.8-2.4T-A95B",
  "XiaomiMiMo/MiMo-V2.5-Pro",
  "XiaomiMiMo/MiMo-V2.5",
  "inclusionAI/Ling-2.6-1T",
  "inclusionAI/Ling-2.6-flash",
  "inclusionAI/Ring-1T-FP8",
  "inclusionAI/Ring-2.6-1T",
  "mindlab-research/Macaron-V1-Coding-Venti",
  "mistralai/Mistral-Large-3-675B-Instruct-2512",
  "mistralai/Mistral-Medium-3.5-128B",
  "poolside/Laguna-M.1",
  "thinkingmachines/Inkling-Small",
];

function modelOf({ model, reference: name, change, config }: Recipe): Model {
  const found = config ?? REFERENCE.find((row) => row.name === name)?.config;
  const path = join(mkdtempSync(join(tmpdir(), "recipe-")), "config.json");
  writeFileSync(path, JSON.stringify({ ...found, ...change }));
  return Model.fromConfig(path, { name: model });
}

describe("the models of vLLM's recipes", () => {
  test("are all of those that have at least 60 billion parameters and serve text", () => {
    expect(RECIPES).toHaveLength(63);
    const without = RECIPES.filter((row) => row.reference === undefined && row.config === undefined);
    expect(without.map(({ model }) => model)).toEqual(NOT_FOUND);
  });

  test.each(
    RECIPES.filter(({ model }) => !NOT_FOUND.includes(model)).map((row) => [row.model, row] as const),
  )("%s is read, and has the parameters of its recipe", (_, row) => {
    const model = modelOf(row);
    expect([model.unreadable, model.assumptions]).toEqual([undefined, []]);
    // Recipes round, and some count next-token prediction modules.
    expect(Math.abs(model.parameters / 1e9 / row.billions - 1)).toBeLessThan(0.03);
    expect(model.shape.layerCaches).toHaveLength(model.shape.layers);
  });
});
