import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Model } from "../../../../../lib/topology/model/model";
import { deriveParallelism } from "../../../../../lib/topology/model/parallelism";
import { cutRules } from "../../../../../lib/topology/rules/model/model-cut-rules";
import type { EngineRelease, ModelPlan } from "../../../../../lib/topology/rules/model/model-structure";
import reference from "../../../../fixtures/models/reference.json";
import { judge } from "../../../../../lib/problems/rule";

function configured(fixture: string, change: object): Model {
  const path = join(mkdtempSync(join(tmpdir(), "cut-")), "config.json");
  const config = readFileSync(join(__dirname, "../../../../fixtures/models", `${fixture}.json`), "utf8");
  writeFileSync(path, JSON.stringify({ ...JSON.parse(config), ...change }));
  return Model.fromConfig(path);
}

interface Cut {
  readonly engine?: EngineRelease;
  readonly data?: number;
  readonly expertParallel?: boolean;
  readonly cutsFeedForwardOverReplicas?: boolean;
}

/** Problems of a split over so many tensor parallel ranks of one node, as `rule: got`. */
function problems(model: Model, tensor: number, { engine, data, ...rest }: Cut = {}): readonly string[] {
  const acceleratorsPerNode = tensor * (data ?? 1);
  const plan: ModelPlan = {
    model,
    nodes: 1,
    acceleratorsPerNode,
    parallelism: {
      ...deriveParallelism({ nodes: 1, acceleratorsPerNode, tensor, pipeline: 1, data }),
      ...rest,
    },
    acceleratorMemoryGiB: 80,
    fabric: "infiniband",
    contextTokens: 4096,
    concurrentSequences: 1,
    engine,
  };
  return judge({ title: "Cut", rules: cutRules }, plan, undefined).map(({ rule, got }) => `${rule}: ${got}`);
}

const vllm = (version: string): Cut => ({ engine: { name: "vllm", version } });
const groups = (num_bits: number, group_size: number, type = "int") => ({
  quant_method: "compressed-tensors",
  config_groups: { all: { targets: ["Linear"], weights: { num_bits, group_size, type } } },
});
const FP8 = { quant_method: "fp8", weight_block_size: [128, 128] };
const QWEN_72B = "qwen2.5-72b";
const QWEN_235B = "qwen3-235b-a22b";

/** 29568 columns of the down projection: 231 groups of 128, so that 3, 7, 11 ... parts have whole ones. */
const DOWN = (tensor: number) => `RC114: parts of ${29568 / tensor} (29568 over ${tensor} ranks)`;
const EXPERTS = "parts of 192 (expert width of 1536 over 8 ranks)";

describe("the cut of quantized matrices", () => {
  test.each([
    // vllm-project/vllm#13640, #2699; vllm-project/llm-compressor#57; QwenLM/Qwen3-VL#231.
    ["AWQ over 2", { quant_method: "awq", bits: 4, group_size: 128 }, 2, [DOWN(2)]],
    ["AWQ on one", { quant_method: "awq", bits: 4, group_size: 128 }, 1, []],
    ["GPTQ over 2", { quant_method: "gptq", bits: 4, group_size: 128 }, 2, [DOWN(2)]],
    ["GPTQ without groups", { quant_method: "gptq", bits: 4, group_size: -1 }, 8, []],
    ["GPTQ with groups of 32 over 4", { quant_method: "gptq", bits: 4, group_size: 32 }, 4, []],
    ["GPTQ with groups of 32 over 8", { quant_method: "gptq", bits: 4, group_size: 32 }, 8, [DOWN(8)]],
    ["W4A16 over 4", groups(4, 128), 4, [DOWN(4)]],
    ["W8A8 by channels over 8", groups(8, 0), 8, []],
    ["NVFP4 over 8", groups(4, 16, "float"), 8, []],
    ["NVFP4 over 16", groups(4, 16, "float"), 16, ["RC114: parts of 1848 (29568 over 16 ranks)"]],
    ["FP8 in blocks over 4", FP8, 4, [DOWN(4)]],
    ["FP8 by tensor over 8", { quant_method: "fp8" }, 8, []],
    ["bitsandbytes over 8", { quant_method: "bitsandbytes", load_in_4bit: true }, 8, []],
    ["msModelSlim over 8", { quant_method: "ascend", quantize: "w8a8" }, 8, []],
    [
      "AWQ whose feed-forwards were left out, over 8",
      { quant_method: "awq", bits: 4, group_size: 128, modules_to_not_convert: ["mlp"] },
      8,
      [],
    ],
  ])("%s", (_, quantization_config, tensor, expected) => {
    expect(problems(configured(QWEN_72B, { quantization_config }), tensor)).toEqual(expected);
  });

  test("looks at the attention as well: a part of a KV head is as wide as the head", () => {
    const heads = {
      num_attention_heads: 128,
      head_dim: 64,
      intermediate_size: 32768,
      quantization_config: FP8,
    };
    const model = configured(QWEN_72B, heads);
    // Two heads of 64 are one block; one head is half of one.
    expect(problems(model, 4, vllm("0.13.0"))).toEqual([]);
    expect(problems(model, 8, vllm("0.13.0"))).toEqual(["RC114: parts of 64 (512 over 8 ranks)"]);
    // Query, key and value are one matrix, which newer releases read at any row.
    expect([problems(model, 8, vllm("0.15.1")), problems(model, 8)]).toEqual([[], []]);
  });
});

test("feed-forward layers are cut over the replicas as well where the engine does", () => {
  const model = configured(QWEN_72B, { quantization_config: groups(4, 128) });
  const over = (data: number) => problems(model, 1, { data, cutsFeedForwardOverReplicas: true });
  expect([problems(model, 1, { data: 2 }), over(3)]).toEqual([[], []]);
  expect(over(2)).toEqual([DOWN(2)]);
});

test("the cut of heads that no block fits is left to the engine's own loader", () => {
  // XiaomiMiMo/MiMo-V2-Flash: vllm-project/recipes MiMo/MiMo-V2-Flash.md serves it over 4.
  const heads = { num_attention_heads: 64, num_key_value_heads: 4, head_dim: 192, v_head_dim: 128 };
  const model = configured(QWEN_72B, { ...heads, intermediate_size: 16384, quantization_config: FP8 });
  expect([problems(model, 4), problems(model, 8)]).toEqual([[], []]);
});

describe("a family whose parts of feed-forwards are filled up to whole blocks", () => {
  const dots = reference.find(({ name }) => name === "default of dots3_note")?.config ?? {};
  const written = (modelType: string) => {
    const path = join(mkdtempSync(join(tmpdir(), "cut-")), "config.json");
    const text_config = { ...(dots as { text_config: object }).text_config, model_type: modelType };
    writeFileSync(path, JSON.stringify({ ...dots, text_config, quantization_config: FP8 }));
    return Model.fromConfig(path);
  };

  test("is cut over any number of ranks, by vLLM alone", () => {
    // dots-studio/dots3-note-prev-fp8: vllm-project/recipes serves its 13824 over 8.
    const model = written("dots3_note_text");
    expect([problems(model, 8, vllm("0.33.0")), problems(model, 4)]).toEqual([[`RC124: ${EXPERTS}`], []]);
    expect(problems(model, 8, { engine: { name: "lmdeploy" } })).toEqual([
      "RC114: parts of 1728 (13824 over 8 ranks)",
    ]);
  });
});

describe("the cut of quantized experts", () => {
  const fp8 = configured(QWEN_235B, { quantization_config: FP8 });
  const wide = configured(QWEN_235B, { quantization_config: FP8, moe_intermediate_size: 1664 });

  test.each([
    ["before 0.29", fp8, 8, vllm("0.28.0"), ["RC114: parts of 192 (1536 over 8 ranks)"]],
    ["from 0.29, finer blocks", fp8, 8, vllm("0.29.0"), [`RC124: ${EXPERTS}`]],
    ["whole blocks, whatever the version", fp8, 4, vllm("0.8.5"), []],
    ["with expert parallelism", fp8, 8, { ...vllm("0.8.5"), expertParallel: true }, []],
    [
      "over replicas as well",
      fp8,
      4,
      { ...vllm("0.28.0"), data: 2 },
      ["RC114: parts of 192 (1536 over 8 ranks)"],
    ],
    // 104 = 8 x 13: no block of 32 fits, so the parts are filled up.
    [
      "from 0.31, filled up",
      wide,
      16,
      vllm("0.31.0"),
      ["RC124: parts of 104 (expert width of 1664 over 16 ranks)"],
    ],
    ["before 0.31, not filled up", wide, 16, vllm("0.30.0"), ["RC114: parts of 104 (1664 over 16 ranks)"]],
    ["another engine", fp8, 8, { engine: { name: "lmdeploy" } }, ["RC114: parts of 192 (1536 over 8 ranks)"]],
    ["an unknown version counts as the newest", fp8, 8, { engine: { name: "vllm" } }, [`RC124: ${EXPERTS}`]],
    ["a version that is none counts as the newest", fp8, 8, vllm("nightly"), [`RC124: ${EXPERTS}`]],
  ])("FP8 in blocks: %s", (_, model, tensor, cut: Cut, expected) => {
    expect(problems(model, tensor, cut)).toEqual(expected);
  });

  test.each([
    // vllm-project/vllm#17604: GPTQ dies at the first request; the kernel that halves the groups is not Marlin.
    ["GPTQ", { quant_method: "gptq", bits: 4, group_size: 128 }, 8, [`RC124: ${EXPERTS}`]],
    ["GPTQ", { quant_method: "gptq", bits: 4, group_size: 128 }, 4, []],
    ["W4A16", groups(4, 128), 8, ["RC114: parts of 192 (1536 over 8 ranks)"]],
    ["W4A16", groups(4, 64), 8, []],
    ["NVFP4", groups(4, 16, "float"), 8, []],
    ["MXFP4", { quant_method: "mxfp4" }, 8, []],
  ])("%s in groups, %j over %i", (_, quantization_config, tensor, expected) => {
    expect(problems(configured(QWEN_235B, { quantization_config }), tensor)).toEqual(expected);
  });
});

describe("the cut of heads", () => {
  test("must divide the heads of every kind of layer", () => {
    const sliding = { layer_types: ["full_attention", ...Array<string>(31).fill("sliding_attention")] };
    const step = configured("llama-3.1-8b", {
      ...sliding,
      model_type: "step3p5",
      sliding_window: 512,
      num_attention_heads: 64,
      num_sliding_attention_heads: 96,
      head_dim: 128,
    });
    expect([problems(step, 32), problems(step, 64)]).toEqual([[], ["RC102: 64"]]);
  });

  test("must divide the key heads of linear attention", () => {
    const model = configured("llama-3.1-8b", {
      model_type: "qwen3_next",
      num_attention_heads: 32,
      full_attention_interval: 4,
      linear_num_value_heads: 32,
      linear_num_key_heads: 16,
      linear_key_head_dim: 128,
      linear_value_head_dim: 128,
      linear_conv_kernel_dim: 4,
      num_nextn_predict_layers: 0,
    });
    expect([problems(model, 16), problems(model, 32)]).toEqual([[], ["RC102: 32"]]);
  });
});
