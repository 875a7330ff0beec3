import {
  ContainerImage,
  type PythonPackagesOptions,
} from "../../../../lib/topology/declaration/container-image";
import type { BadInput } from "./bad-inputs";

const BASE = ContainerImage.of("vllm/vllm-openai:v0.20.0");
const RAY = "ray==2.58.0";
const MUST_PIN = "must be name==version or name[extra]==version, with one version and nothing after it";

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
export const BAD_IMAGES: readonly BadInput[] = [
  ...[
    ["httpx", "httpx==1.2.3"],
    ["httpx>=0.27", "httpx==0.27"],
    ["httpx==0.27.*", "httpx==0.27"],
    ["httpx===0.27.0", "httpx==0.27.0"],
    ["httpx==0.27.0,<1", "httpx==0.27.0"],
    ["httpx==0.27.0 ; python_version < '3.12'", "httpx==0.27.0"],
    ["httpx==latest", "httpx==1.2.3"],
    ["-e git+https://example.org/x.git", "name==1.2.3"],
    ["https://example.org/x-1.0-py3-none-any.whl", "https==1.0"],
    ["ray[default]", "ray[default]==1.2.3"],
    ["httpx==0.27.0\n--index-url=x", "httpx==0.27.0"],
  ].map(([text, fix]) => ({
    props: added(RAY, text),
    line: `image.packages [RC140]: ${MUST_PIN}, got '${text.replace("\n", "\\n")}'; write e.g. '${fix}'`,
  })),
  {
    props: on(ContainerImage.of("a:1", { rayVersion: "2.58.0" })),
    line: "image.packages [RC141]: must name at least one package, got an empty list; use the base itself",
  },
  {
    props: added(RAY, "msgpack==1.1.0", "MsgPack==1.1.1"),
    line: "image.packages [RC141]: must name a package once, got 'msgpack'; keep one of its lines",
  },
  {
    props: added(RAY, "ray[default]==2.58.0"),
    line: "image.packages [RC141]: must name a package once, got 'ray'; keep one of its lines",
  },
  {
    props: on(ContainerImage.of("a:1", { rayVersion: "2.48.0" }), RAY),
    line: "image.packages [RC142]: must be the Ray that the base is said to hold, '2.48.0', got 'ray==2.58.0'; leave Ray out of the packages; if the base holds none, leave out the base's rayVersion",
  },
  {
    props: withFiles({ pipConfigurationFile: "pip.conf" }),
    line: "image.pipConfigurationFile [RC143]: must begin with / or ~/ and hold only letters, digits, blanks and .@+=:_-, got 'pip.conf'; give the file such a path, e.g. '~/.config/pip/pip.conf'",
  },
  {
    props: withFiles({ certificateAuthoritiesFile: "/etc/ca,id=x" }),
    line: "image.certificateAuthoritiesFile [RC143]: must begin with / or ~/ and hold only letters, digits, blanks and .@+=:_-, got '/etc/ca,id=x'; give the file such a path, e.g. '~/.config/pip/pip.conf'",
  },
  // The rules of every image look at what is pulled.
  {
    props: on(ContainerImage.of("vllm/vllm-openai:latest"), RAY),
    line: "image.base [RC061]: must have a tag that does not move, or a digest, got 'vllm/vllm-openai:latest'; pin the version or the digest, or set allowFloatingTag",
  },
  {
    props: on(ContainerImage.of("Vllm:1"), RAY),
    line: "image.base [RC060]: must be repository:tag or repository@sha256:<digest>, the repository in lower case, got 'Vllm:1'; copy the reference from the registry",
  },
  {
    props: on(ContainerImage.of("a@sha256:0123"), RAY),
    line: "image.base [RC062]: must have a digest of the form sha256:<64 hex digits>, got 'sha256:0123'; copy the whole digest, as docker inspect prints it",
  },
  {
    props: added("msgpack==1.1.0"),
    line: "image.rayVersion [RC063]: must be a version such as '2.58.0', got nothing; add Ray to the packages, or state what 'ray --version' prints in the base",
  },
  {
    props: { image: BASE },
    line: "image.rayVersion [RC063]: must be a version such as '2.58.0', got nothing; state what 'ray --version' prints in the image",
  },
];
