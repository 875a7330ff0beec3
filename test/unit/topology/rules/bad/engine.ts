import { engine } from "../../../../support/engines";
import { type BadInput } from "./bad-input";

export const BAD_ENGINE: readonly BadInput[] = [
  {
    props: { engine: engine({ argv: [] }) },
    rule: "RC070",
    path: "engine.argv",
    got: "nothing",
  },
  {
    props: { engine: engine({ argv: ["vllm serve m"] }) },
    rule: "RC070",
    path: "engine.argv",
    got: "'vllm serve m'",
  },
  {
    props: { engine: engine({ healthPath: "health" }) },
    rule: "RC071",
    path: "engine.healthPath",
    got: "'health'",
  },
  {
    props: { engine: engine({ proof: [{ kind: "completion", path: "v1/completions", body: {} }] }) },
    rule: "RC071",
    path: "engine.proof[0].path",
    got: "'v1/completions'",
  },
  {
    props: { engine: engine({ argv: ["vllm", "serve", "--api-key", "sk-1"] }) },
    rule: "RC072",
    path: "engine.argv[2]",
    got: "'--api-key'",
  },
  {
    props: { engine: engine({ argv: ["vllm", "--hf-token=hf_1"] }) },
    rule: "RC072",
    path: "engine.argv[1]",
    got: "'--hf-token'",
  },
  {
    props: { engine: engine({ servedModel: "my model" }) },
    rule: "RC073",
    path: "engine.servedModel",
    got: "'my model'",
  },
  {
    props: { engine: engine({ files: [{ path: "serve.py", source: "/x" }] }) },
    rule: "RC074",
    path: "engine.files[0].path",
    got: "'serve.py'",
  },
  {
    props: {
      engine: engine({
        files: [
          { path: "/a.py", source: "/x" },
          { path: "/a.py", source: "/y" },
        ],
      }),
    },
    rule: "RC160",
    path: "engine.files[1].path",
    got: "'/a.py'",
  },
  {
    props: { engine: engine({ ports: [{ name: "gcs", from: 7000, to: 7000, where: "head" }] }) },
    rule: "RC075",
    path: "engine.ports.gcs",
    got: "'gcs'",
  },
];
