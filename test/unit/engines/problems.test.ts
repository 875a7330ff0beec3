import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import type { LmdeployServeProps } from "../../../lib/engines/lmdeploy/lmdeploy-props";
import { CustomServe } from "../../../lib/engines/custom-serve";
import { LmdeployServe } from "../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RollPipeline } from "../../../lib/engines/roll/roll-pipeline";
import { ENGINE_TOPICS } from "../../../lib/engines/topics";
import { Speculation } from "../../../lib/engines/vllm/speculation";
import { VllmExecutor } from "../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../lib/engines/vllm/vllm-serve";
import { problemLine } from "../../../lib/problems/plan-error";
import { Accelerator } from "../../../lib/topology/declaration/accelerator";
import type { EngineContext, IEngine } from "../../../lib/topology/engine-spec";
import { Model } from "../../../lib/topology/model/model";
import { SecretRef } from "../../../lib/topology/values/secret-ref";
import { expectGolden } from "../../support/golden";
import { contextOf } from "./support/systems";

interface Case {
  readonly engine: IEngine;
  readonly on?: Accelerator;
  readonly context?: Partial<EngineContext>;
  /** Rule, path and what was given, of every problem. */
  readonly found: readonly (readonly [rule: string, path: string, got: string])[];
}

const MODEL = { modelPath: "/models/m" };
const NPU = Accelerator.ASCEND_910B_64GB;
const vllm = new VllmServe({ ...MODEL, tensorParallelSize: 16 });
const mp = new VllmServe({ ...MODEL, executor: VllmExecutor.MP });
const lmdeploy = new LmdeployServe(MODEL);
const vllmWith = (extraArguments: readonly string[]) => new VllmServe({ ...MODEL, extraArguments });
const image = (reference: string, rayVersion = "2.48.0", pythonVersion?: string) => ({
  image: { reference, rayVersion, pythonVersion },
});
const fromSource = (reference: string, ...requirements: readonly string[]) => ({
  image: { reference, rayVersion: "2.48.0", requirements },
});
const ROLL_260 = "roll-registry.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-24.05-py3-torch260-vllm084";
const ROLL_VPC =
  "roll-registry-vpc.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-25.06-py3-torch280-vllm0102";
const ascendImage = "quay.io/ascend/vllm-ascend:v0.23.0";
/** MP needs no Ray of the engine's, but the nodes do. */
const NO_RAY = ["vllm/vllm-openai:v0.19.1", "vllm/vllm-openai:v0.20.0"];
const onImage = (rule: string, reference: string) => [[rule, "image", `'${reference}'`]] as const;

const scout = (change: object) => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), "problems-")), "config.json");
  const text_config = {
    model_type: "llama4_text",
    hidden_size: 5120,
    intermediate_size: 8192,
    intermediate_size_mlp: 16384,
    num_hidden_layers: 48,
    num_attention_heads: 40,
    num_key_value_heads: 8,
    head_dim: 128,
    vocab_size: 202048,
    num_local_experts: 16,
    num_experts_per_tok: 1,
  };
  writeFileSync(file, JSON.stringify({ model_type: "llama4", text_config, ...change }));
  return Model.fromConfig(file, { name: "scout" });
};
const LLAMA_4 = scout({});
const AWQ = scout({ quantization_config: { quant_method: "awq", bits: 4, group_size: 128 } });

/** Every client of a proxy can change its list of servers. */
const OPEN = (replicas = 2) => ["RC193", "engine.dataParallelSize", String(replicas)] as const;
const FILE = SecretRef.hostFile("/root/secret");
/** Of LMDeploy on 2 x 8: properties, what is wrong with them besides `OPEN`, and another context. */
const REPLICAS: readonly (readonly [LmdeployServeProps, Case["found"], Case["context"]?])[] = [
  [{ dataParallelSize: 2 }, []],
  [{ dataParallelSize: 16, expertParallelSize: 16 }, []],
  [{ dataParallelSize: 2, version: "0.15.0" }, []],
  [{ dataParallelSize: 4, tensorParallelSize: 4, expertParallelSize: 1 }, []],
  [{ dataParallelSize: 1, expertParallelSize: 1 }, []],
  [{ extraArguments: ["--dp", "2", "--ep=16"] }, []],
  [{ dataParallelSize: 2, extraArguments: ["--dp", "2"] }, [["RC603", "engine.extraArguments[0]", "'--dp'"]]],
  [{ dataParallelSize: 2, apiKeys: FILE }, [["RC192", "engine.apiKeys", "a file of keys"]]],
  [{ dataParallelSize: 16, apiKeys: FILE }, [["RC192", "engine.apiKeys", "a file of keys"]]],
  [
    { dataParallelSize: 3, tensorParallelSize: 5 },
    [
      ["RC185", "engine.dataParallelSize", "3"],
      ["RC186", "engine.tensorParallelSize", "5 in 3 replicas"],
    ],
  ],
  [{ dataParallelSize: 1.5, expertParallelSize: 16 }, [["RC185", "engine.dataParallelSize", "1.5"]]],
  [
    { dataParallelSize: 2, tensorParallelSize: 4 },
    [["RC186", "engine.tensorParallelSize", "4 in 2 replicas"]],
  ],
  // Of a known model RC101 says it.
  [{ dataParallelSize: 2, tensorParallelSize: 4 }, [], { model: Model.QWEN2_5_72B }],
  [{ dataParallelSize: 2, expertParallelSize: 8 }, [["RC187", "engine.expertParallelSize", "8"]]],
  [{ dataParallelSize: 1, expertParallelSize: 16 }, [["RC188", "engine.expertParallelSize", "16"]]],
  [{ dataParallelSize: 2, version: "0.14.0" }, [["RC189", "engine.dataParallelSize", "2"]]],
  [{ dataParallelSize: 2 }, [["RC190", "engine.dataParallelSize", "2"]], { headAddress: undefined }],
  [
    { dataParallelSize: 2, tls: { certificate: FILE, key: FILE } },
    [["RC191", "engine.tls", "a certificate"]],
  ],
];
/** HAProxy in front closes what `OPEN` is about. */
const FRONT = { reverseProxy: { serverPort: 8001 } };

/** Every way in which an engine says that it cannot run, or not well. */
const CASES: readonly Case[] = [
  {
    engine: new LmdeployServe({
      ...MODEL,
      ...FRONT,
      dataParallelSize: 2,
      tls: { certificate: FILE, key: FILE },
    }),
    found: [],
  },
  {
    engine: new LmdeployServe({ ...MODEL, ...FRONT, dataParallelSize: 2, apiKeys: FILE }),
    found: [["RC192", "engine.apiKeys", "a file of keys"]],
  },
  { engine: new LmdeployServe({ ...MODEL, ...FRONT }), found: [["RC194", "engine.reverseProxy", "8001"]] },
  { engine: new VllmServe(), found: [["RC600", "engine.modelPath", "nothing"]] },
  {
    engine: vllm,
    context: { modelPath: "/models/a--b--0123456789ab" },
    found: [["RC601", "engine.modelPath", "'/models/m'"]],
  },
  {
    engine: new LmdeployServe({ modelPath: "models/m" }),
    found: [["RC602", "engine.modelPath", "'models/m'"]],
  },
  {
    engine: new VllmServe({ modelPath: "Qwen/Qwen3-8B" }),
    context: { modelPath: "/models/a--b--0123456789ab" },
    found: [["RC602", "engine.modelPath", "'Qwen/Qwen3-8B'"]],
  },
  { engine: new VllmServe({ modelPath: "" }), found: [["RC602", "engine.modelPath", "nothing"]] },
  { engine: vllmWith(["--port", "9"]), found: [["RC603", "engine.extraArguments[0]", "'--port'"]] },
  {
    engine: vllmWith(["--tensor-parallel-size=4"]),
    found: [["RC603", "engine.extraArguments[0]", "'--tensor-parallel-size=4'"]],
  },
  {
    engine: vllmWith(["--tensor_parallel_size", "4"]),
    found: [["RC603", "engine.extraArguments[0]", "'--tensor_parallel_size'"]],
  },
  { engine: vllmWith(["-tp", "4"]), found: [["RC603", "engine.extraArguments[0]", "'-tp'"]] },
  {
    engine: vllmWith(["--no-enforce-eager"]),
    found: [["RC603", "engine.extraArguments[0]", "'--no-enforce-eager'"]],
  },
  {
    engine: vllmWith(["--seed", "1", "--nnodes", "2"]),
    found: [["RC604", "engine.extraArguments[2]", "'--nnodes'"]],
  },
  {
    engine: new LmdeployServe({ ...MODEL, extraArguments: ["--tp=8", "--nnodes", "2"] }),
    found: [
      ["RC603", "engine.extraArguments[0]", "'--tp=8'"],
      ["RC604", "engine.extraArguments[1]", "'--nnodes'"],
    ],
  },
  {
    engine: vllmWith(["--swap-space", "4", "--max-num-seq", "8", "-O3", "--seed", "1"]),
    context: image("quay.io/vllm/mine:1"),
    found: [],
  },
  {
    engine: new VllmServe({
      ...MODEL,
      tensorParallelSize: 16,
      extraArguments: ["--swap-space", "4", "--max-num-seq", "8", "-O3", "--seed", "1", "--enfore-eager"],
    }),
    on: NPU,
    context: image(ascendImage),
    found: [
      ["RC605", "engine.extraArguments[0]", "'--swap-space'"],
      ["RC605", "engine.extraArguments[7]", "'--enfore-eager'"],
    ],
  },
  {
    engine: new VllmServe({
      ...MODEL,
      kvCacheDtype: "fp8",
      extraArguments: ["--kv-cache-dtype=fp8", "-dcp", "1"],
    }),
    found: [["RC603", "engine.extraArguments[0]", "'--kv-cache-dtype=fp8'"]],
  },
  {
    engine: vllmWith(["--config", "/models/serve.yaml"]),
    found: [["RC606", "engine.extraArguments[0]", "'--config'"]],
  },
  ...[{ headAddress: undefined }, {}].map((context) => ({
    engine: new CustomServe({
      argv: ["serve", `--meet=${CustomServe.HEAD_ADDRESS}:5000`],
      follower: { argv: ["serve", CustomServe.HEAD_ADDRESS], rankFlag: "--rank" },
      servedModel: "m",
    }),
    context,
    found:
      "headAddress" in context
        ? ([
            ["RC631", "engine.argv", "'--meet=<head-address>:5000'"],
            ["RC631", "engine.follower.argv", "'<head-address>'"],
          ] as const)
        : [],
  })),
  { engine: mp, context: { headAddress: undefined }, found: [["RC610", "engine.executor", "'mp'"]] },
  {
    engine: new VllmServe({
      ...MODEL,
      tensorParallelSize: 4,
      pipelineParallelSize: 2,
      dataParallelSize: 2,
      enableExpertParallel: true,
    }),
    on: NPU,
    found: [
      ["RC611", "engine.pipelineParallelSize", "2"],
      ["RC612", "engine.dataParallelSize", "2"],
      ["RC613", "engine.enableExpertParallel", "true"],
    ],
  },
  {
    engine: mp,
    on: NPU,
    context: image("quay.io/ascend/vllm-ascend:v0.11.0"),
    found: [["RC614", "engine.executor", "'mp'"]],
  },
  {
    engine: vllm,
    context: image("registry.example/mine:1", "2.58.0"),
    found: [["RC615", "image.rayVersion", "'2.58.0'"]],
  },
  ...["deepseek_mtp", "eagle3"].map((method) => ({
    engine: new VllmServe({
      ...MODEL,
      executor: VllmExecutor.MP,
      extraArguments: ["--speculative-config", JSON.stringify({ method, num_speculative_tokens: 3 })],
    }),
    on: NPU,
    context: image(ascendImage),
    found: [
      [
        "RC616",
        "engine.pipelineParallelSize",
        `2 with speculative decoding by '${method === "eagle3" ? method : "mtp"}'`,
      ],
    ] as const,
  })),
  ...(
    [
      ["eagle3", Model.DEEPSEEK_V3, true],
      ["eagle3", Model.LLAMA_3_1_405B, false],
      ["deepseek_mtp", Model.DEEPSEEK_V3, false],
      ["draft_model", Model.LLAMA_3_1_405B, true],
      ["ngram", Model.DEEPSEEK_V3, false],
    ] as const
  ).map(([method, model, isRefused]) => ({
    engine: new VllmServe({
      ...MODEL,
      executor: VllmExecutor.MP,
      speculation: Speculation.of(method, { tokens: 3 }),
      version: "0.32.0",
    }),
    context: { model },
    found: isRefused
      ? [["RC616", "engine.pipelineParallelSize", `2 with speculative decoding by '${method}'`] as const]
      : [],
  })),
  // The model's own, another kernel for it, what is done while loading, another format, and none to read.
  ...(
    [
      ["awq", AWQ, false],
      ["awq_marlin", AWQ, false],
      ["moe_wna16", AWQ, false],
      ["gptq", AWQ, true],
      ["fp8", AWQ, true],
      ["fp8", LLAMA_4, false],
      ["bitsandbytes", LLAMA_4, false],
      ["awq", LLAMA_4, true],
      ["awq", Model.LLAMA_3_1_405B_FP8, true],
      ["compressed-tensors", Model.LLAMA_3_1_405B_FP8, false],
    ] as const
  ).map(([quantization, model, isRefused]) => ({
    engine: new VllmServe({ ...MODEL, tensorParallelSize: 16, quantization }),
    context: { model },
    found: isRefused ? [["RC625", "engine.quantization", `'${quantization}'`] as const] : [],
  })),
  // vllm-project/vllm#16231.
  ...(
    [
      ["0.8.3", 2, true],
      ["0.8.3", 1, false],
      ["0.8.4", 2, false],
    ] as const
  ).map(([version, pipelineParallelSize, isRefused]) => ({
    engine: new VllmServe({ ...MODEL, pipelineParallelSize, version }),
    context: { model: LLAMA_4 },
    found: isRefused
      ? [["RC624", "engine.pipelineParallelSize", "2 for a model of type 'llama4'"] as const]
      : [],
  })),
  {
    engine: new VllmServe({
      ...MODEL,
      executor: VllmExecutor.MP,
      dataParallelSize: 2,
      pipelineParallelSize: 1,
      extraArguments: ["--data-parallel-hybrid-lb"],
    }),
    found: [["RC617", "engine.extraArguments", "'--data-parallel-hybrid-lb'"]],
  },
  {
    engine: vllmWith(["--ssl-certfile=/etc/tls/cert", "--ssl_keyfile", "/etc/tls/key"]),
    found: [
      ["RC603", "engine.extraArguments[0]", "'--ssl-certfile=/etc/tls/cert'"],
      ["RC603", "engine.extraArguments[1]", "'--ssl_keyfile'"],
    ],
  },
  {
    engine: vllmWith(["--ssl-ca-certs", "/etc/tls/ca", "--ssl-cert-reqs=2"]),
    found: [["RC618", "engine.extraArguments[2]", "'--ssl-cert-reqs=2'"]],
  },
  {
    engine: new VllmServe({ ...MODEL, tensorParallelSize: 8, decodeContextParallelSize: 3 }),
    found: [["RC619", "engine.decodeContextParallelSize", "3"]],
  },
  {
    engine: new VllmServe({
      ...MODEL,
      tensorParallelSize: 4,
      prefillContextParallelSize: 2,
      extraArguments: ["-dcp", "4"],
    }),
    found: [["RC619", "engine.decodeContextParallelSize", "4"]],
  },
  {
    engine: new LmdeployServe({ ...MODEL, eagerMode: true }),
    on: Accelerator.ASCEND_310P,
    found: [["RC620", "engine.eagerMode", "true"]],
  },
  {
    engine: new LmdeployServe({ ...MODEL, eagerMode: false }),
    on: Accelerator.ASCEND_A3,
    found: [["RC621", "engine.eagerMode", "false"]],
  },
  {
    engine: new LmdeployServe({ ...MODEL, version: "0.14.0" }),
    on: NPU,
    context: { rankTable: false },
    found: [["RC622", "environment.ASCEND_RANK_TABLE_FILE_PATH", "nothing"]],
  },
  {
    engine: new LmdeployServe({ ...MODEL, version: "0.15.0" }),
    on: NPU,
    context: { rankTable: true },
    found: [["RC623", "environment.ASCEND_RANK_TABLE_FILE_PATH", "a rank table"]],
  },
  ...REPLICAS.map(([props, found, context = {}]): Case => ({
    engine: new LmdeployServe({ ...MODEL, ...props }),
    context,
    found: props.dataParallelSize === 1 ? found : [...found, OPEN(props.dataParallelSize)],
  })),
  {
    engine: new RollPipeline({ rollPath: "ROLL", modelPath: "Qwen/Qwen2.5-0.5B" }),
    found: [
      ["RC630", "engine.rollPath", "'ROLL'"],
      ["RC602", "engine.modelPath", "'Qwen/Qwen2.5-0.5B'"],
    ],
  },
  ...["vllm/vllm-openai:v0.8.4", "vllm/vllm-openai"].map((reference) => ({
    engine: vllm,
    context: image(reference),
    found: onImage("RC640", reference),
  })),
  {
    engine: vllm,
    on: NPU,
    context: image("quay.io/ascend/vllm-ascend:v0.23.0rc1"),
    found: onImage("RC640", "quay.io/ascend/vllm-ascend:v0.23.0rc1"),
  },
  { engine: lmdeploy, on: NPU, context: image(ascendImage), found: onImage("RC641", ascendImage) },
  ...["vllm/vllm-openai:v0.18.0", "vllm/vllm-openai:v0.33.0"].map((reference) => ({
    engine: vllm,
    context: image(reference),
    found: onImage("RC642", reference),
  })),
  {
    engine: mp,
    context: image("vllm/vllm-openai:v0.33.0"),
    found: onImage("RC642", "vllm/vllm-openai:v0.33.0"),
  },
  ...[ROLL_260, ROLL_VPC].map((reference, more) => ({
    engine: new RollPipeline(),
    context: image(reference),
    found: Array.from({ length: 2 + more }, () => onImage("RC643", reference)[0]),
  })),
  ...["10.20.0.2", "localhost", "::", "head.example", ""].map((listenAddress) => ({
    engine: new VllmServe({ modelPath: "/m", tensorParallelSize: 16, listenAddress }),
    found: [
      ["RC607", "engine.listenAddress", listenAddress === "" ? "nothing" : `'${listenAddress}'`],
    ] as const,
  })),
  {
    engine: new LmdeployServe({ modelPath: "/m", listenAddress: "127.0.0.1" }),
    on: NPU,
    found: [["RC607", "engine.listenAddress", "'127.0.0.1'"]],
  },
  {
    engine: new RollPipeline(),
    context: fromSource(ROLL_VPC, "requirements_torch280_vllm.txt"),
    found: onImage("RC643", ROLL_VPC),
  },
  {
    engine: new RollPipeline(),
    context: fromSource(ROLL_260, "requirements_torch260_sglang.txt"),
    found: [["RC648", "image.sources", "'requirements_torch260_sglang.txt'"]],
  },
  ...["2.58.0", "2.47.0"].map((rayVersion) => ({
    engine: mp,
    on: NPU,
    context: image(ascendImage, rayVersion),
    found: [["RC644", "image.rayVersion", `'${rayVersion}'`]] as const,
  })),
  {
    engine: vllm,
    on: NPU,
    context: image(ascendImage, "2.48.0", "3.11"),
    found: [["RC645", "image.pythonVersion", "'3.11'"]],
  },
  {
    engine: vllm,
    on: Accelerator.ASCEND_A3,
    context: image(ascendImage),
    found: onImage("RC646", ascendImage),
  },
  {
    engine: vllm,
    on: NPU,
    context: image("vllm/vllm-openai:v0.17.1"),
    found: onImage("RC646", "vllm/vllm-openai:v0.17.1"),
  },
  // Kernels for compute capability 7.0 are in the releases until 0.19.1.
  ...(
    [
      ["v100-32", "vllm/vllm-openai:v0.19.1", []],
      ["v100-32", "vllm/vllm-openai:v0.20.0", [["RC646", "image", "'vllm/vllm-openai:v0.20.0'"]]],
      ["t4", "vllm/vllm-openai:v0.20.0", []],
      ["v100-32", "registry.example/vllm:v0.20.0", []],
    ] as const
  ).map(([card, reference, found]) => ({
    engine: mp,
    on: Accelerator.of(card),
    context: image(reference, "2.54.1"),
    found: [...NO_RAY.filter((has) => has === reference).flatMap((has) => onImage("RC642", has)), ...found],
  })),
  {
    engine: lmdeploy,
    context: { ...image("openmmlab/lmdeploy:v0.18.0-cu12.8"), fabric: "efa" },
    found: onImage("RC647", "openmmlab/lmdeploy:v0.18.0-cu12.8"),
  },
];

const rules = ENGINE_TOPICS.flatMap((topic) => topic.rules);
const problemsOf = ({ engine, on = Accelerator.H100, context }: Case) =>
  engine.bind(contextOf({ accelerator: on, nodes: 2, perNode: 8 }, context)).problems ?? [];

test.each(
  CASES.map(
    (one) => [one.found.map(([rule]) => rule).join(" "), one.found[0]?.[2] ?? "nothing", one] as const,
  ),
)("%s for %s", (_, __, one) => {
  const problems = problemsOf(one);
  expect(problems.map(({ rule, path: property, got }) => [rule, property, got])).toEqual(one.found);
  for (const { rule, level } of problems) {
    expect(level).toBe(rules.find(({ id }) => id === rule)?.level);
  }
});

test("every rule of the engines has a case, and an id of its own in the engines' range", () => {
  const ids = rules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => !/^RC(6\d\d|18[5-9]|19[0-4])$/.test(id))).toEqual([]);
  expect([...new Set(CASES.flatMap(({ found }) => found.map(([rule]) => rule)))].sort()).toEqual(
    [...ids].sort(),
  );
});

test("every rule says what must hold and why", () => {
  for (const { title, why } of rules) {
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(why).toMatch(/^[A-Z].*\.$/);
  }
});

test("sentences are those of the golden page", () => {
  const lines = new Set(CASES.flatMap((one) => problemsOf(one).map(problemLine)));
  expectGolden(path.join(__dirname, "golden/problems.txt"), `${[...lines].join("\n")}\n`);
});
