import { ModelSource } from "../../../../../lib/topology/values/model-source";
import { SecretRef } from "../../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../../lib/topology/declaration/storage";
import { engine } from "../../../../support/engines";
import type { BadInput } from "./bad-input";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const INDEX = SecretRef.hostFile("/root/index.json");

const hub = (repository: string, more: object = {}): BadInput["props"] => ({
  model: ModelSource.huggingFace(repository, { revision: COMMIT, ...more }),
});
const storage = (...list: readonly HostPathStorage[]): BadInput["props"] => ({ storage: list });
const at = (mountPath: string) => HostPathStorage.shared("/mnt/a", { mountPath });

/** Mistakes in storage and in where the model comes from. */
export const BAD_STORAGE: readonly BadInput[] = [
  {
    props: storage(at("data")),
    rule: "RC120",
    path: "storage[0].mountPath",
    got: "'data'",
  },
  {
    props: storage(at("/data/../models")),
    rule: "RC120",
    path: "storage[0].mountPath",
    got: "'/data/../models'",
  },
  {
    props: storage(at("/")),
    rule: "RC120",
    path: "storage[0].mountPath",
    got: "'/'",
  },
  {
    props: storage(HostPathStorage.perNode("models")),
    rule: "RC120",
    path: "storage[0].hostPath",
    got: "'models'",
  },
  {
    props: { model: ModelSource.path("models/llama"), storage: [at("/models")] },
    rule: "RC120",
    path: "model",
    got: "'models/llama'",
  },
  {
    props: storage(at("/var/lib/ray-cluster/models")),
    rule: "RC121",
    path: "storage[0].mountPath",
    got: "'/var/lib/ray-cluster/models'",
  },
  {
    props: storage(at("/opt")),
    rule: "RC121",
    path: "storage[0].mountPath",
    got: "'/opt'",
  },
  {
    props: storage(at("/dev/models")),
    rule: "RC121",
    path: "storage[0].mountPath",
    got: "'/dev/models'",
  },
  {
    props: storage(at("/usr/")),
    rule: "RC121",
    path: "storage[0].mountPath",
    got: "'/usr/'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), HostPathStorage.shared("/mnt/b")),
    rule: "RC122",
    path: "storage[1].mountPath",
    got: "'/models'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), at("/models/a")),
    rule: "RC122",
    path: "storage[1].mountPath",
    got: "'/models/a'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), HostPathStorage.perNode("/mnt/a", { mountPath: "/b" })),
    rule: "RC123",
    path: "storage[1].hostPath",
    got: "'/mnt/a' as per-node storage",
  },
  {
    props: hub("Qwen/Qwen2.5-72B-Instruct", { revision: "main" }),
    rule: "RC130",
    path: "model.revision",
    got: "'main'",
  },
  {
    props: hub("Qwen/Qwen2.5-72B-Instruct", { revision: COMMIT.slice(0, 12) }),
    rule: "RC130",
    path: "model.revision",
    got: "'0123456789ab'",
  },
  {
    props: hub("https://huggingface.co/Qwen/Qwen2.5-72B-Instruct"),
    rule: "RC131",
    path: "model",
    got: "'https://huggingface.co/Qwen/Qwen2.5-72B-Instruct'",
  },
  {
    props: hub("../secrets"),
    rule: "RC131",
    path: "model",
    got: "'../secrets'",
  },
  {
    props: hub("a/b", { endpoint: "https://me:hf_secret@hub.example" }),
    rule: "RC132",
    path: "model.endpoint",
    got: "a value (not shown)",
  },
  {
    props: hub("a/b", { endpoint: "hub.example" }),
    rule: "RC132",
    path: "model.endpoint",
    got: "a value (not shown)",
  },
  {
    props: hub("a/b", { include: [] }),
    rule: "RC133",
    path: "model.include",
    got: "an empty list",
  },
  {
    props: hub("a/b", { exclude: [""] }),
    rule: "RC161",
    path: "model.exclude[0]",
    got: "nothing",
  },
  {
    props: {
      model: ModelSource.s3("https://bucket.s3.example/llama?X-Amz-Signature=secret", { index: INDEX }),
    },
    rule: "RC134",
    path: "model",
    got: "'https://bucket.s3.example/llama?...'",
  },
  {
    props: { model: ModelSource.s3("s3://bucket", { index: INDEX }) },
    rule: "RC134",
    path: "model",
    got: "'s3://bucket'",
  },
  {
    props: hub("a/b", { token: SecretRef.hostFile("hf_secret") }),
    rule: "RC135",
    path: "model.token",
    got: "a value (not shown)",
  },
  {
    props: { model: ModelSource.s3("s3://bucket/m", { index: SecretRef.hostFile("/root/") }) },
    rule: "RC135",
    path: "model.index",
    got: "a value (not shown)",
  },
  {
    props: hub("a/b", { token: SecretRef.managed("hf-token") }),
    rule: "RC139",
    path: "model.token",
    got: "SecretRef.managed(id)",
  },
  {
    props: hub("a/b", { token: SecretRef.hostFile("/root/hf-token") }),
    place: { secretKinds: ["managed"] },
    rule: "RC139",
    path: "model.token",
    got: "SecretRef.hostFile(path)",
  },
  {
    props: { ...hub("a/b"), stagingTimeoutSeconds: 5 },
    rule: "RC080",
    path: "stagingTimeoutSeconds",
    got: "5",
  },
  {
    props: { ...hub("a/b"), ports: { nodeFiles: 6378 } },
    rule: "RC031",
    path: "ports.nodeFiles",
    got: "6378",
  },
  {
    props: { ...hub("a/b"), engine: engine({ port: 6377 }) },
    rule: "RC031",
    path: "engine.port",
    got: "6377",
  },
];
