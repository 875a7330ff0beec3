import { Model } from "../../../../lib/topology/model/model";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";

const revision = "0123456789abcdef0123456789abcdef01234567";

test("ModelSource.huggingFace uses the hub's defaults", () => {
  const source = ModelSource.huggingFace("deepseek-ai/DeepSeek-R1", { revision });
  expect(source).toMatchObject({
    kind: "huggingFace",
    location: "deepseek-ai/DeepSeek-R1",
    revision,
    endpoint: "https://huggingface.co",
    include: ["*"],
    exclude: ["original/*"],
    isFetched: true,
  });
  expect(source.secret).toBeUndefined();
  expect(source.model?.id).toBe("deepseek-r1");
});

test("ModelSource.huggingFace keeps mirror, token and patterns", () => {
  const token = SecretRef.hostFile("/root/hf-token");
  const include = ["*.json", "*.safetensors"];
  const source = ModelSource.huggingFace("a/b", {
    revision,
    token,
    endpoint: "https://mirror.example",
    include,
    exclude: [],
    model: Model.QWEN2_5_72B,
  });
  expect(source).toMatchObject({ secret: token, endpoint: "https://mirror.example", include, exclude: [] });
  expect(source.model).toBe(Model.QWEN2_5_72B);
  // A value object: what the caller does with the list afterwards changes nothing.
  include.push("*.bin");
  expect(source.include).toHaveLength(2);
});

test("ModelSource.modelScope has the endpoint of ModelScope and excludes the original weights", () => {
  const source = ModelSource.modelScope("Qwen/Qwen2.5-72B-Instruct", { revision });
  expect(source).toMatchObject({ kind: "modelScope", endpoint: "https://modelscope.cn", isOfHub: true });
  expect(source.exclude).toEqual(["original/*"]);
});

test("ModelSource.s3 and ModelSource.path keep location and numbers", () => {
  const index = SecretRef.hostFile("/root/index.json");
  expect(ModelSource.s3("s3://bucket/m", { index })).toMatchObject({
    kind: "index",
    location: "s3://bucket/m",
    secret: index,
    isFetched: true,
  });
  expect(ModelSource.path("/models/m", { model: Model.KIMI_K2 })).toMatchObject({
    kind: "path",
    location: "/models/m",
    model: Model.KIMI_K2,
    isFetched: false,
  });
});

test("ModelSource does not throw for invalid names", () => {
  expect(() => ModelSource.huggingFace("", { revision: "main", include: [] })).not.toThrow();
  expect(() => ModelSource.path("relative")).not.toThrow();
});
