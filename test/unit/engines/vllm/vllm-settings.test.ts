import { VllmRunner, type VllmServeProps } from "../../../../lib/engines/vllm/vllm-props";
import { Speculation } from "../../../../lib/engines/vllm/speculation";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Model } from "../../../../lib/topology/model/model";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { VllmSettings } from "../../../../lib/engines/vllm/vllm-settings";

const EAGLE = Speculation.eagle3({
  model: ModelSource.path("/models/d", { model: Model.LLAMA_3_1_70B }),
  tokens: 3,
  tensorParallelSize: 1,
});
const read = (props: VllmServeProps, version?: string) => new VllmSettings(props, version);
const written = (...extraArguments: string[]) => read({ extraArguments });

describe("VllmSettings", () => {
  test.each([
    [{ kvCacheDtype: "fp8" }, ["--kv-cache-dtype", "fp8"], { cacheDtype: "fp8" }],
    [{ quantization: "fp8" }, ["-q", "fp8"], { quantization: "fp8" }],
    [{ maxNumBatchedTokens: 32768 }, ["--max-num-batched-tokens=32K"], { batchedTokens: 32768 }],
    [{ maxNumBatchedTokens: 32000 }, ["--max_num_batched_tokens", "32k"], { batchedTokens: 32000 }],
    [{ maxNumSeqs: 16 }, ["--max-num-seqs", "16"], { batchedSequences: 16 }],
    [{ enforceEager: true }, ["--enforce-eager"], { capturesGraphs: false }],
  ] as const)("reads %j as it reads %j", (props, flags, sizing) => {
    expect(read(props).sizing).toMatchObject(sizing);
    expect(written(...flags).sizing).toMatchObject(sizing);
  });

  test("reads context parallelism as property, flag and short flag", () => {
    const sizes = ({ decodeContext, prefillContext }: VllmSettings) => [decodeContext, prefillContext];
    expect(sizes(read({ decodeContextParallelSize: 8, prefillContextParallelSize: 2 }))).toEqual([8, 2]);
    expect(sizes(written("--decode-context-parallel-size", "8", "-pcp=2"))).toEqual([8, 2]);
    expect(sizes(written("-dcp", "8"))).toEqual([8, 1]);
    expect(sizes(read({}))).toEqual([1, 1]);
  });

  test("reads nested values whole and key by key", () => {
    const overrides = { rope_parameters: { rope_type: "yarn", factor: 4 } };
    expect(written("--hf-overrides", JSON.stringify(overrides)).sizing.overrides).toEqual(overrides);
    expect(written("--limit-mm-per-prompt.video", "0").sizing.textOnly).toBe(false);
    expect(
      written("--limit-mm-per-prompt", '{"image": 0}', "--limit-mm-per-prompt.video=0").sizing.textOnly,
    ).toBe(true);
    expect(written("--hf-overrides", "not JSON").sizing.overrides).toBeUndefined();
  });

  test("has the share of memory of its version where none is given", () => {
    const share = (props: VllmServeProps, version?: string) => read(props, version).sizing.memoryUtilization;
    expect([
      share({}, "0.19.1"),
      share({}, "0.20.0"),
      share({}),
      share({ gpuMemoryUtilization: 0.5 }),
    ]).toEqual([0.9, 0.92, 0.92, 0.5]);
  });

  test.each([
    [
      { method: "deepseek_mtp", num_speculative_tokens: 3 },
      { method: "mtp", tokens: 3, weights: "model" },
    ],
    [
      { method: "eagle3", model: "/models/draft", num_speculative_tokens: 2 },
      { method: "eagle3", tokens: 2, weights: "other", model: "/models/draft" },
    ],
    [
      { model: "/models/small" },
      { method: "draft_model", tokens: 1, weights: "other", model: "/models/small" },
    ],
    [
      { method: "ngram", num_speculative_tokens: 4 },
      { method: "ngram", tokens: 4, weights: "none" },
    ],
  ])("reads speculative decoding %j", (config, found) => {
    expect(written("--speculative-config", JSON.stringify(config)).speculative).toEqual({
      path: "engine.extraArguments[0]",
      ...found,
    });
  });

  test("reads a speculation as it reads its flag, with the source of its model", () => {
    const { speculative } = new VllmSettings({ speculation: EAGLE }, undefined, "/models/d");
    const flag = {
      ...written("-sc", JSON.stringify(EAGLE._config("/models/d"))).speculative,
      path: undefined,
    };
    expect(flag).toEqual({ method: "eagle3", tokens: 3, weights: "other", model: "/models/d", tensor: 1 });
    expect(speculative).toEqual({
      ...flag,
      path: "engine.speculation",
      property: "engine.speculation.model",
      numbers: Model.LLAMA_3_1_70B,
    });
  });

  test.each([
    [{ maxModelLen: VllmServe.LONGEST_THAT_FITS }, undefined, true],
    [{ extraArguments: ["--max-model-len", "auto"] }, undefined, true],
    [{ extraArguments: ["--max-model-len=-1"] }, undefined, true],
    [{ extraArguments: ["--max_model_len", "8k"] }, 8000, false],
    [{ maxModelLen: 4096 }, 4096, false],
    [{}, undefined, false],
  ] as const)("reads the longest sequence of %j", (props, contextTokens, contextFits) => {
    expect(read(props).sizing).toMatchObject({ contextTokens, contextFits });
  });

  test("knows the runner as property and flag, and conversion and task as flags", () => {
    expect(read({ runner: VllmRunner.POOLING }).runner).toBe("pooling");
    expect(written("--runner", "pooling").runner).toBe("pooling");
    expect(written("--convert=embed").convert).toBe("embed");
    expect(written("--task", "embed").task).toBe("embed");
    expect([read({}).runner, read({}).convert, read({}).task]).toEqual([undefined, undefined, undefined]);
  });

  test("knows whether clients must show a certificate", () => {
    expect(written("--seed", "1", "--ssl-cert-reqs", "2").clientCertificates?.index).toBe(2);
    expect(written("--ssl-cert-reqs=2").clientCertificates?.index).toBe(0);
    expect(written("--ssl-cert-reqs", "1", "--ssl-ca-certs", "/ca.pem").clientCertificates).toBeUndefined();
  });

  test("takes the last of two opposite switches", () => {
    expect(written("--enforce-eager", "--no-enforce-eager").sizing.capturesGraphs).toBe(true);
    expect(written("--no-enforce-eager", "--enforce-eager").sizing.capturesGraphs).toBe(false);
  });
});

describe("keepsSharedExperts", () => {
  const cut = { tensor: 8, pipeline: 1, data: 2, expertParallel: true };

  test.each([
    ["expert, tensor and data parallelism", cut, Model.DEEPSEEK_V3, [], "0.12.0", true],
    ["vLLM before 0.12, of which it is not known", cut, Model.DEEPSEEK_V3, [], "0.11.2", false],
    ["one replica", { ...cut, data: 1 }, Model.DEEPSEEK_V3, [], undefined, false],
    ["one rank in a group", { ...cut, tensor: 1 }, Model.DEEPSEEK_V3, [], undefined, false],
    ["no expert parallelism", { ...cut, expertParallel: false }, Model.DEEPSEEK_V3, [], undefined, false],
    ["a model that cuts them", cut, Model.GLM_4_6, [], undefined, false],
    ["DeepEP", cut, Model.DEEPSEEK_V3, ["--all2all-backend", "deepep_low_latency"], undefined, true],
    [
      "a backend that spreads no tokens",
      cut,
      Model.DEEPSEEK_V3,
      ["--all2all-backend=pplx"],
      undefined,
      false,
    ],
  ] as const)("with %s", (_, parallelism, model, extraArguments, version, whole) => {
    expect(read({ extraArguments }, version).keepsSharedExperts(parallelism, model)).toBe(whole);
  });
});
