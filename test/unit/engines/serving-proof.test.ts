import { CustomServe } from "../../../lib/engines/custom-serve";
import { servingProof } from "../../../lib/engines/serving-proof";
import { kindsOfArguments } from "../../../lib/engines/vllm/vllm-proof";
import { Proof } from "../../../lib/topology/values/proof";

test.each([
  [Proof.chat(), "chat", "/v1/chat/completions", "messages"],
  [Proof.completion(), "completion", "/v1/completions", "prompt"],
  [Proof.embedding(), "embedding", "/v1/embeddings", "input"],
  [Proof.rerank(), "rerank", "/v1/rerank", "documents"],
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

/** Choices of `vllm serve --help=ModelConfig`: vLLM 0.33.0 (`--runner`, `--convert`), 0.10 (`--task`). */
test.each([
  [[], ["chat", "completion", "embedding", "rerank", "transcription"]],
  [
    ["--reasoning-parser", "deepseek_r1"],
    ["chat", "completion", "embedding", "rerank", "transcription"],
  ],
  [
    ["--runner", "pooling"],
    ["embedding", "rerank"],
  ],
  [["--runner=pooling", "--convert", "embed"], ["embedding"]],
  [["--convert=classify", "--runner=pooling"], ["rerank"]],
  [["--task", "embed"], ["embedding"]],
  [["--task=transcription"], ["transcription"]],
  [
    ["--runner", "generate"],
    ["chat", "completion", "transcription"],
  ],
  [
    ["--runner", "auto"],
    ["chat", "completion", "embedding", "rerank", "transcription"],
  ],
])("vLLM with %j is asked for %j", (given, kinds) => {
  expect(kindsOfArguments(given)).toEqual(kinds);
});
