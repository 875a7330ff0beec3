import { join } from "node:path";
import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import type { PythonPackagesOptions } from "../../../../../lib/topology/declaration/python-package";
import type { BadInput } from "./bad-input";

const BASE = ContainerImage.of("vllm/vllm-openai:v0.20.0");
const RAY = "ray==2.58.0";

const added = (...packages: readonly string[]): BadInput["props"] => ({
  image: ContainerImage.withPythonPackages(BASE, packages),
});
const on = (base: ContainerImage, ...packages: readonly string[]): BadInput["props"] => ({
  image: ContainerImage.withPythonPackages(base, packages),
});
const withFiles = (options: PythonPackagesOptions): BadInput["props"] => ({
  image: ContainerImage.withPythonPackages(BASE, [RAY], options),
});

/** Declarations whose derived image cannot be built, or would not be the same on every machine. */
export const BAD_PYTHON_PACKAGES: readonly BadInput[] = [
  ...[
    "httpx",
    "httpx>=0.27",
    "httpx==0.27.*",
    "httpx===0.27.0",
    "httpx==0.27.0,<1",
    "httpx==0.27.0 ; python_version < '3.12'",
    "httpx==latest",
    "-e git+https://example.org/x.git",
    "https://example.org/x-1.0-py3-none-any.whl",
    "ray[default]",
    "httpx==0.27.0\n--index-url=x",
  ].map((text) => ({
    props: added(RAY, text),
    rule: "RC140",
    path: "image.packages",
    got: `'${text.replace("\n", "\\n")}'`,
  })),
  {
    props: on(ContainerImage.of("a:1", { rayVersion: "2.58.0" })),
    rule: "RC144",
    path: "image.packages",
    got: "an empty list",
  },
  {
    props: added(RAY, "msgpack==1.1.0", "MsgPack==1.1.1"),
    rule: "RC141",
    path: "image.packages",
    got: "'msgpack' more than once",
  },
  {
    props: added(RAY, "ray[default]==2.58.0"),
    rule: "RC141",
    path: "image.packages",
    got: "'ray' more than once",
  },
  {
    props: on(ContainerImage.of("a:1", { rayVersion: "2.48.0" }), RAY),
    rule: "RC142",
    path: "image.packages",
    got: "'ray==2.58.0'",
  },
  {
    props: withFiles({ pipConfigurationFile: "pip.conf" }),
    rule: "RC143",
    path: "image.pipConfigurationFile",
    got: "'pip.conf'",
  },
  {
    props: withFiles({ certificateAuthoritiesFile: "/etc/ca,id=x" }),
    rule: "RC143",
    path: "image.certificateAuthoritiesFile",
    got: "'/etc/ca,id=x'",
  },
  // The rules of every image look at what is pulled.
  {
    props: on(ContainerImage.of("vllm/vllm-openai:latest"), RAY),
    rule: "RC061",
    path: "image.base",
    got: "'vllm/vllm-openai:latest'",
  },
  {
    props: on(ContainerImage.of("Vllm:1"), RAY),
    rule: "RC060",
    path: "image.base",
    got: "'Vllm:1'",
  },
  {
    props: on(ContainerImage.of("a@sha256:0123"), RAY),
    rule: "RC062",
    path: "image.base",
    got: "'sha256:0123'",
  },
  {
    props: added("msgpack==1.1.0"),
    rule: "RC063",
    path: "image.rayVersion",
    got: "nothing",
  },
  {
    props: { image: BASE },
    rule: "RC063",
    path: "image.rayVersion",
    got: "nothing",
  },
  {
    props: withFiles({ lockFile: "/of/nowhere/packages.lock" }),
    rule: "RC169",
    path: "image.lockFile",
    got: "'/of/nowhere/packages.lock', which cannot be read",
  },
  {
    props: withFiles({ lockFile: join(__dirname, "names.ts") }),
    rule: "RC169",
    path: "image.lockFile",
    got: "no hash in it",
  },
];
