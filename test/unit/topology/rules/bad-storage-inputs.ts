import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { ModelSource } from "../../../../lib/topology/declaration/model-source";
import { SecretRef } from "../../../../lib/topology/declaration/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { engine } from "../../../support/engines";
import type { BadInput } from "./bad-inputs";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const INDEX = SecretRef.hostFile("/root/index.json");

const hub = (repository: string, more: object = {}): BadInput["props"] => ({
  model: ModelSource.huggingFace(repository, { revision: COMMIT, ...more }),
});
const storage = (...list: readonly HostPathStorage[]): BadInput["props"] => ({ storage: list });
const at = (mountPath: string) => HostPathStorage.shared("/mnt/a", { mountPath });

/** Mistakes in storage and in where the model comes from. */
export const BAD_STORAGE_INPUTS: readonly BadInput[] = [
  {
    props: storage(at("data")),
    line: "storage[0].mountPath [RC120]: must be an absolute path without '.' and '..', got 'data'; did you mean '/data'?",
  },
  {
    props: storage(at("/data/../models")),
    line: "storage[0].mountPath [RC120]: must be an absolute path without '.' and '..', got '/data/../models'; did you mean '/data/models'?",
  },
  {
    props: storage(at("/")),
    line: "storage[0].mountPath [RC120]: must be an absolute path without '.' and '..', got '/'; name a folder, e.g. '/models'",
  },
  {
    props: storage(HostPathStorage.perNode("models")),
    line: "storage[0].hostPath [RC120]: must be an absolute path without '.' and '..', got 'models'; did you mean '/models'?",
  },
  {
    props: { model: ModelSource.path("models/llama"), storage: [at("/models")] },
    line: "model [RC120]: must be an absolute path without '.' and '..', got 'models/llama'; did you mean '/models/llama'?",
  },
  {
    props: storage(at("/var/lib/ray-cluster/models")),
    line: "storage[0].mountPath [RC121]: must not hide '/var/lib/ray-cluster' of the container, got '/var/lib/ray-cluster/models'; use a folder of its own, e.g. '/models'",
  },
  {
    props: storage(at("/opt")),
    line: "storage[0].mountPath [RC121]: must not hide '/opt/ray-cluster' of the container, got '/opt'; use a folder of its own, e.g. '/models'",
  },
  {
    props: storage(at("/dev/models")),
    line: "storage[0].mountPath [RC121]: must not hide '/dev' of the container, got '/dev/models'; use a folder of its own, e.g. '/models'",
  },
  {
    props: storage(at("/usr/")),
    line: "storage[0].mountPath [RC121]: must not hide '/usr' of the container, got '/usr/'; use a folder of its own, e.g. '/models'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), HostPathStorage.shared("/mnt/b")),
    line: "storage[1].mountPath [RC122]: must lie apart from storage[0].mountPath ('/models'), got '/models'; choose another, e.g. '/models-1'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), at("/models/a")),
    line: "storage[1].mountPath [RC122]: must lie apart from storage[0].mountPath ('/models'), got '/models/a'; choose another, e.g. '/models-1'",
  },
  {
    props: storage(HostPathStorage.shared("/mnt/a"), HostPathStorage.perNode("/mnt/a", { mountPath: "/b" })),
    line: "storage[1].hostPath [RC123]: must not be shared, too (storage[0]), got '/mnt/a' as each machine's own; remove one of the two",
  },
  {
    props: hub("Qwen/Qwen2.5-72B-Instruct", { revision: "main" }),
    line: "model.revision [RC130]: must be a commit of 40 hexadecimal digits, got 'main'; take one of https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/commits/main",
  },
  {
    props: hub("Qwen/Qwen2.5-72B-Instruct", { revision: COMMIT.slice(0, 12) }),
    line: "model.revision [RC130]: must be a commit of 40 hexadecimal digits, got '0123456789ab'; take one of https://huggingface.co/Qwen/Qwen2.5-72B-Instruct/commits/main",
  },
  {
    props: hub("https://huggingface.co/Qwen/Qwen2.5-72B-Instruct"),
    line: "model [RC131]: must be <owner>/<name>, as the hub names it, got 'https://huggingface.co/Qwen/Qwen2.5-72B-Instruct'; copy the name from the model's page, e.g. 'Qwen/Qwen2.5-72B-Instruct'",
  },
  {
    props: hub("../secrets"),
    line: "model [RC131]: must be <owner>/<name>, as the hub names it, got '../secrets'; copy the name from the model's page, e.g. 'Qwen/Qwen2.5-72B-Instruct'",
  },
  {
    props: hub("a/b", { endpoint: "https://me:hf_secret@hub.example" }),
    line: "model.endpoint [RC132]: must be http(s)://<host>[:<port>][/<path>], without user, query and fragment, got another address; leave it out, or give the mirror's address; a token goes into 'token'",
  },
  {
    props: hub("a/b", { endpoint: "hub.example" }),
    line: "model.endpoint [RC132]: must be http(s)://<host>[:<port>][/<path>], without user, query and fragment, got another address; leave it out, or give the mirror's address; a token goes into 'token'",
  },
  {
    props: hub("a/b", { include: [] }),
    line: "model.include [RC133]: must hold patterns that are not empty, got an empty list; leave it out for the default, or name files, e.g. '*.safetensors'",
  },
  {
    props: hub("a/b", { exclude: [""] }),
    line: "model.exclude [RC133]: must hold patterns that are not empty, got nothing; leave it out for the default, or name files, e.g. '*.safetensors'",
  },
  {
    props: {
      model: ModelSource.s3("https://bucket.s3.example/llama?X-Amz-Signature=secret", { index: INDEX }),
    },
    line: "model [RC134]: must be s3://<bucket>/<prefix>, got 'https://bucket.s3.example/llama?...'; name the folder of the model, e.g. 's3://models/llama-3.1-405b'; addresses go into the index",
  },
  {
    props: { model: ModelSource.s3("s3://bucket", { index: INDEX }) },
    line: "model [RC134]: must be s3://<bucket>/<prefix>, got 's3://bucket'; name the folder of the model, e.g. 's3://models/llama-3.1-405b'; addresses go into the index",
  },
  {
    props: hub("a/b", { token: SecretRef.hostFile("hf_secret") }),
    line: "model.token [RC135]: must be the absolute path of a file on the machine of the head, got another text (not shown); write the secret into a file and name that, e.g. SecretRef.hostFile('/root/hf-token')",
  },
  {
    props: { model: ModelSource.s3("s3://bucket/m", { index: SecretRef.hostFile("/root/") }) },
    line: "model.index [RC135]: must be the absolute path of a file on the machine of the head, got another text (not shown); write the secret into a file and name that, e.g. SecretRef.hostFile('/root/hf-token')",
  },
  {
    props: hub("a/b", { token: SecretRef.managed("hf-token") }),
    line: "model.token [RC139]: must be 'SecretRef.hostFile(path)' on the backend 'local', got SecretRef.managed(id); name the secret where the machines of this backend find it",
  },
  {
    props: hub("a/b", { token: SecretRef.hostFile("/root/hf-token") }),
    place: { secretKinds: ["managed"] },
    line: "model.token [RC139]: must be 'SecretRef.managed(id)' on the backend 'local', got SecretRef.hostFile(path); name the secret where the machines of this backend find it",
  },
  {
    props: { ...hub("a/b"), engine: new VllmServe({ modelPath: "/models/other" }) },
    line: "engine.modelPath [RC076]: must be where the cluster brings the model ('/models/a--b--0123456789ab'), got '/models/other'; leave it out",
  },
  {
    props: { ...hub("a/b"), stagingTimeoutSeconds: 5 },
    line: "stagingTimeoutSeconds [RC080]: must be a whole number of seconds from 10 to 604800, got 5; leave it out for the default",
  },
  {
    props: { ...hub("a/b"), ports: { nodeFiles: 6378 } },
    line: "ports.nodeFiles [RC031]: must not overlap 'node-report' (6378, reports of the nodes to the head's node program), got 6378; choose a port that nothing else of the node uses",
  },
  {
    props: { ...hub("a/b"), engine: engine({ port: 6377 }) },
    line: "engine.port [RC031]: must not overlap 'node-files' (6377, files of the model, from node to node), got 6377; choose a port that nothing else of the node uses",
  },
];
