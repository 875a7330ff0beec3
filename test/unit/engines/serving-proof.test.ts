import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CustomServe } from "../../../lib/engines/custom-serve";
import { servingProof } from "../../../lib/engines/serving-proof";
import { proofKinds } from "../../../lib/engines/vllm/vllm-proof";
import { VllmRunner } from "../../../lib/engines/vllm/vllm-props";
import { VllmSettings } from "../../../lib/engines/vllm/vllm-settings";
import { Model } from "../../../lib/topology/model/model";
import { Proof } from "../../../lib/topology/values/proof";

test.each([
  [Proof.chat(), "chat", "/v1/chat/completions", "messages"],
  [Proof.completion(), "completion", "/v1/completions", "prompt"],
  [Proof.embedding(), "embedding", "/v1/embeddings", "input"],
  [Proof.rerank(), "rerank", "/v1/rerank", "documents"],
  [Proof.pooling(), "pooling", "/pooling", "input"],
  [Proof.transcription(), "transcription", "/v1/audio/transcriptions", "response_format"],
])("a declared proof of kind %# is the only question", (proof, kind, path, field) => {
  const requests = servingProof("m", proof, ["chat", "completion"]);
  expect(requests).toMatchObject([{ kind, path, body: { model: "m" } }]);
  expect(requests[0].body).toHaveProperty(field);
  expect(requests[0]).not.toHaveProperty("expect");
});

test("a custom proof has its own path, body and expected text", () => {
  const body: { [key: string]: unknown } = { text_1: "a" };
  const proof = Proof.custom({ path: "/score", body, expect: "score" });
  body.text_1 = "changed";
  expect(servingProof("m", proof)).toEqual([
    { kind: "custom", path: "/score", body: { text_1: "a" }, expect: "score" },
  ]);
});

test("a server without a declared proof is asked for a chat, then for a completion", () => {
  expect(servingProof("m", undefined).map(({ kind }) => kind)).toEqual(["chat", "completion"]);
});

test("the question of an engine does not change with the props it was made of", () => {
  const spec = new CustomServe({ argv: ["s"], servedModel: "m", proof: Proof.rerank() }).bind({
    clusterName: "c",
    accelerators: 1,
    acceleratorNodes: 1,
    acceleratorsPerNode: 1,
    rayResource: "GPU",
  });
  expect(spec.api?.proof).toMatchObject([{ kind: "rerank", body: { query: "Who is there?" } }]);
});

/** A folder with a configuration of that class, and no chat template. */
function folderOf(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), "model-"));
  const sizes = { hidden_size: 64, intermediate_size: 128, num_hidden_layers: 2, num_attention_heads: 4 };
  const config = { model_type: "qwen2", architectures: [name], vocab_size: 256, ...sizes };
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return folder;
}

function modelOf(name: string): Model {
  return Model.fromConfig(join(folderOf(name), "config.json"));
}

const EVERY = ["chat", "completion", "embedding", "rerank", "pooling", "transcription"];

/** Choices of `vllm serve --help=ModelConfig`: vLLM 0.33.0 (`--runner`, `--convert`), 0.10 (`--task`). */
test.each([
  [[], EVERY],
  [["--reasoning-parser", "deepseek_r1"], EVERY],
  [
    ["--runner", "pooling"],
    ["embedding", "rerank", "pooling"],
  ],
  [["--runner=pooling", "--convert", "embed"], ["embedding"]],
  [
    ["--convert=classify", "--runner=pooling"],
    ["rerank", "pooling"],
  ],
  [["--task", "embed"], ["embedding"]],
  [["--task=transcription"], ["transcription"]],
  [["--task=reward"], ["pooling"]],
  [
    ["--runner", "generate"],
    ["chat", "completion", "transcription"],
  ],
  [["--runner", "auto"], EVERY],
])("vLLM with %j is asked for %j", (extraArguments, kinds) => {
  expect(proofKinds(new VllmSettings({ extraArguments }, undefined), undefined)).toEqual(kinds);
});

test("vLLM's runner counts as a property, too", () => {
  const settings = new VllmSettings({ runner: VllmRunner.POOLING }, undefined);
  expect(proofKinds(settings, undefined)).toEqual(["embedding", "rerank", "pooling"]);
});

/** Classes of published models: Qwen2.5-Math-RM, gte-multilingual-base, bge-reranker, Qwen3. */
test.each([
  ["Qwen2ForRewardModel", ["rerank", "pooling"]],
  ["NewModel", ["embedding", "pooling"]],
  ["XLMRobertaForSequenceClassification", ["rerank", "pooling"]],
  ["Qwen3ForCausalLM", EVERY],
])("vLLM with a model of the class %s is asked for %j", (name, kinds) => {
  expect(proofKinds(new VllmSettings({}, undefined), modelOf(name))).toEqual(kinds);
});

test("what is declared goes before the model's class", () => {
  const settings = new VllmSettings({ runner: VllmRunner.GENERATE }, undefined);
  expect(proofKinds(settings, modelOf("NewModel"))).toEqual(["chat", "completion", "transcription"]);
});

test("a model without a chat template is asked for no chat, unless the engine is given one", () => {
  const model = Model.fromFolder(folderOf("Qwen2ForCausalLM"));
  const kinds = (...extraArguments: string[]) =>
    proofKinds(new VllmSettings({ extraArguments }, undefined), model);
  expect(kinds("--runner", "generate")).toEqual(["completion", "transcription"]);
  expect(kinds("--runner", "generate", "--chat-template", "/t.jinja")).toContain("chat");
});
