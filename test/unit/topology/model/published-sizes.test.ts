import type { HubObject } from "../../../../lib/topology/model/hub-keys";
import reference from "../../../fixtures/models/reference.json";
import recipes from "../../../fixtures/models/recipes.json";
import sizes from "../../../fixtures/models/sizes.json";
import { type FixtureModel, fixtureModel } from "../../../support/model-fixtures";

const CONFIGURATIONS = [
  ...(reference as unknown as readonly { readonly name: string; readonly config: HubObject }[]),
  ...(recipes as unknown as readonly { readonly model: string; readonly config: HubObject }[]).map(
    ({ model, config }) => ({ name: model, config }),
  ),
];

const FP8 = { quantization_config: { quant_method: "fp8", weight_block_size: [128, 128] } };
const QWEN_VISION = {
  vision_config: {
    depth: 32,
    hidden_size: 1280,
    intermediate_size: 3456,
    hidden_act: "silu",
    out_hidden_size: 8192,
    spatial_merge_size: 2,
  },
};

/** Bytes of the files as model cards and hubs give them, in 10^9; next-token prediction modules included. */
const PUBLISHED: readonly (readonly [name: string, change: HubObject, billions: number])[] = [
  ["deepseek-ai/DeepSeek-V3", FP8, 688.586727753],
  ["deepseek-ai/DeepSeek-V3.2", FP8, 689.5],
  ["deepseek-ai/DeepSeek-V4-Flash", { ...FP8, expert_dtype: "fp4" }, 159.6],
  ["default of minimax_m2", FP8, 230.0],
  [
    "openai/gpt-oss-120b",
    { quantization_config: { quant_method: "mxfp4", modules_to_not_convert: ["self_attn"] } },
    65.25,
  ],
  ["openai/gpt-oss-120b", { quantization_config: undefined }, 233.7],
  ["default of qwen3_next", {}, 162.7],
  ["default of qwen3_next", FP8, 82.0],
  ["Qwen/Qwen3.5-397B-A17B", FP8, 406],
  ["Qwen/Qwen3-VL-235B-A22B-Instruct", {}, 471.5],
  ["Qwen/Qwen3-VL-235B-A22B-Instruct", FP8, 237.6],
  ["default of qwen2_5_vl", QWEN_VISION, 146.8],
  ["moonshotai/Kimi-K2.5", {}, 595],
  ["default of hy_v3", { num_nextn_predict_layers: 0 }, 590],
  ["zai-org/GLM-5", FP8, 756],
  ["XiaomiMiMo/MiMo-V2-Flash", FP8, 313],
  ["meta-llama/Meta-Llama-3.1-405B", {}, 811.7069168],
  ["meta-llama/Meta-Llama-3.1-70B", {}, 141.107497872],
  ["meta-llama/Meta-Llama-3.1-8B", {}, 16.060556376],
];

test.each(PUBLISHED)("%s with %j has %f billion bytes", (name, change, billions) => {
  const config = CONFIGURATIONS.find((row) => row.name === name)?.config;
  const model = fixtureModel({ config: { ...config, ...change } }, name);
  expect(model.assumptions).toEqual([]);
  expect(Math.abs(model.weightBytes / 1e9 / billions - 1)).toBeLessThan(0.01);
});

/** A model with the bytes of its files. */
interface Size extends FixtureModel {
  readonly model: string;
  /** The index of the files, or a list of them. */
  readonly source: string;
  readonly bytes: number;
  /** Whether the family is not in the catalogue. */
  readonly assumed?: boolean;
}

const SIZES = sizes as unknown as readonly Size[];

test.each(SIZES.map((row) => [row.model, row] as const))("%s has the bytes of its files", (name, row) => {
  const model = fixtureModel(row, name);
  expect(model.assumptions.length > 0).toBe(row.assumed === true);
  expect(Math.abs(model.weightBytes / row.bytes - 1)).toBeLessThan(0.01);
});
