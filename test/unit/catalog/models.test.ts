import { engineMemoryGiB } from "../../../lib/catalog/engines";
import { allModelFamilies, allModels, findModel, findModelFamily } from "../../../lib/catalog/models";
import architectureRows from "../../../lib/catalog/model-architectures.json";
import { structureOf } from "../../../lib/topology/model/hub-config";
import { fileBytes, parametersOf, weightsOf } from "../../../lib/topology/model/model-weights";

const models = allModels();

describe("models", () => {
  test("have sources and dates", () => {
    for (const row of [...models, ...architectureRows, ...allModelFamilies()]) {
      expect(row.source).not.toBe("");
      expect(row.checked).toMatch(/^20\d\d-\d\d-\d\d$/);
    }
  });

  test("use every architecture", () => {
    const used = new Set(models.map(({ architecture }) => architecture.id));
    expect([...used].sort()).toEqual(architectureRows.map(({ id }) => id).sort());
    expect(
      models.filter(
        ({ architecture }) => findModelFamily(String(architecture.config.model_type)) === undefined,
      ),
    ).toEqual([]);
  });

  test("have unique repositories", () => {
    for (const { hubRepository } of models) {
      expect(hubRepository).toMatch(/^[\w.-]+\/[\w.-]+$/);
    }
    expect(new Set(models.map(({ hub, hubRepository }) => `${hub}:${hubRepository}`)).size).toBe(
      models.length,
    );
  });

  test("include an unquantized variant of each release that was published with one", () => {
    const releases = new Set(models.map(({ release }) => release));
    const unquantized = new Set(
      models.filter(({ quantization }) => !quantization).map(({ release }) => release),
    );
    expect([...releases].filter((release) => !unquantized.has(release))).toEqual(["kimi-k2"]);
  });

  test.each(models.map((model) => [model.id, model] as const))(
    "%s has the bytes and parameters that its architecture gives",
    (_, model) => {
      const structure = structureOf(model.architecture.config);
      const computed = fileBytes(weightsOf(structure, 2, model.quantization), false);
      if (model.weightBytesBasis === "computed") {
        expect(model.weightBytes).toBe(computed);
      } else {
        // The files have headers besides the weights.
        expect(Math.abs(computed / model.weightBytes - 1)).toBeLessThan(0.0001);
      }
      expect(model.parameters).toBe(parametersOf(structure));
    },
  );
});

describe("look-ups", () => {
  test("find known keys only", () => {
    expect(findModel("glm-4.6")?.architecture.config.max_position_embeddings).toBe(202752);
    expect(findModel("gpt-5")).toBeUndefined();
    expect(findModelFamily("qwen3_5_text")?.modelType).toBe("qwen3_5");
    expect(findModelFamily("mamba")).toBeUndefined();
    expect(() => engineMemoryGiB("activation")).toThrow("no engine memory 'activation' in the catalogue");
  });
});
