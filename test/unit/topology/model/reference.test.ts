import reference from "../../../fixtures/models/reference.json";
import { structureOf } from "../../../../lib/topology/model/hub-config";
import type { HubObject } from "../../../../lib/topology/model/hub-keys";
import type { ModelStructure } from "../../../../lib/topology/model/layer-structure";
import { layerModules } from "../../../../lib/topology/model/model-modules";
import { parametersOf } from "../../../../lib/topology/model/model-weights";

/**
 * Parameters as transformers 5.24.0 builds the models: `AutoModelForCausalLM.from_config` on the device `meta`, counted
 * by name. Encoders are left out. Configurations are shortened to the keys that say how a model is built.
 */
interface Reference {
  readonly name: string;
  readonly parameters: number;
  readonly experts: number;
  readonly config: HubObject;
}

const REFERENCE = reference as unknown as readonly Reference[];

function expertParameters({ layers, shape }: ModelStructure): number {
  return layers
    .flatMap((layer, index) => layerModules(layer, index, shape.hiddenSize))
    .filter(({ spread }) => spread === "experts")
    .reduce((total, { rows, columns, count }) => total + rows * columns * count, 0);
}

describe("structureOf", () => {
  test.each(REFERENCE.map((row) => [row.name, row] as const))(
    "%s has the parameters that its own implementation has",
    (_, { config, parameters, experts }) => {
      const structure = structureOf(config);
      const counted = parametersOf(structure) - structure.encoderParameters;
      expect(Math.abs(counted / parameters - 1)).toBeLessThan(0.001);
      expect(Math.abs(expertParameters(structure) - experts)).toBeLessThanOrEqual(0.001 * experts);
    },
  );

  test("has a family of the catalogue for all of them", () => {
    const assumed = REFERENCE.filter(({ config }) =>
      structureOf(config).assumptions.some((assumption) => assumption.startsWith("model_type")),
    );
    expect(assumed.map(({ name }) => name)).toEqual([]);
  });
});
