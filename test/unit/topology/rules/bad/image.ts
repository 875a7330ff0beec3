import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import { engine } from "../../../../support/engines";
import { type BadInput, image } from "./bad-input";

export const BAD_IMAGE: readonly BadInput[] = [
  {
    props: image("Registry/Image:1"),
    rule: "RC060",
    path: "image",
    got: "'Registry/Image:1'",
  },
  {
    props: image("vllm/vllm-openai"),
    rule: "RC061",
    path: "image",
    got: "'vllm/vllm-openai'",
  },
  {
    props: image("vllm/vllm-openai:latest"),
    rule: "RC061",
    path: "image",
    got: "'vllm/vllm-openai:latest'",
  },
  {
    props: image("lmdeploy_dlinfer/ascend:a2-latest"),
    rule: "RC061",
    path: "image",
    got: "'lmdeploy_dlinfer/ascend:a2-latest'",
  },
  {
    props: image("vllm/vllm-openai@sha256:abc"),
    rule: "RC062",
    path: "image",
    got: "'sha256:abc'",
  },
  {
    props: image("a:1", "newest"),
    rule: "RC063",
    path: "image.rayVersion",
    got: "'newest'",
  },
  {
    props: image("a:1", "2.46.0"),
    rule: "RC064",
    path: "image.rayVersion",
    got: "'2.46.0'",
  },
  {
    props: image("a:1", "2.58.0", "3.9.18"),
    rule: "RC066",
    path: "image.pythonVersion",
    got: "'3.9.18'",
  },
  {
    props: { image: ContainerImage.of("a:1", { rayVersion: "2.58.0", shellFiles: ["~/.bashrc"] }) },
    rule: "RC168",
    path: "image.shellFiles",
    got: "'~/.bashrc'",
  },
  {
    props: { engine: engine({ rayVersions: { maximum: "2.48.0" } }) },
    rule: "RC065",
    path: "image.rayVersion",
    got: "'2.58.0'",
  },
  {
    props: { engine: engine({ rayVersions: { minimum: "2.60.0" } }) },
    rule: "RC065",
    path: "image.rayVersion",
    got: "'2.58.0'",
  },
];
