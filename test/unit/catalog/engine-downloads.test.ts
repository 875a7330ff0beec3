import { engineDownload } from "../../../lib/catalog/engine-downloads";

describe("what an engine fetches when it starts", () => {
  it.each([
    ["vllm", "gpt_oss", "TIKTOKEN_ENCODINGS_BASE"],
    ["lmdeploy", "gpt_oss", undefined],
    ["vllm", "llama", undefined],
    ["vllm", "", undefined],
  ])("%s for a model of the family '%s': %s", (engine, modelType, variable) => {
    expect(engineDownload(engine, modelType)?.variable).toBe(variable);
  });
});
