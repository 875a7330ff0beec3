import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import type { ImageSourceProps } from "../../../../../lib/topology/declaration/image-source";
import { HostPathStorage } from "../../../../../lib/topology/declaration/storage";
import type { BadInput } from "./bad-input";

const BASE = ContainerImage.of("nvcr.io/nvidia/pytorch:24.05-py3");
const COMMIT = "8eb27cc2dc34c4d1310b169d9b86d339004d811a";

/** A source as it may be declared. */
export const GOOD_SOURCE: ImageSourceProps = {
  repository: "https://github.com/alibaba/ROLL",
  commit: COMMIT,
  requirements: "requirements_torch260_vllm.txt",
  rayVersion: "2.58.0",
};

const source = (change: Partial<ImageSourceProps>): BadInput["props"] => ({
  image: ContainerImage.withSource(BASE, { ...GOOD_SOURCE, ...change }),
});

function rows(
  rule: string,
  property: keyof ImageSourceProps,
  values: readonly string[],
  got = (value: string): string => (value === "" ? "nothing" : `'${value}'`),
): readonly BadInput[] {
  return values.map((value) => ({
    rule,
    path: `image.sources[0].${property}`,
    got: got(value),
    props: source({ folder: "/workspace/ROLL", [property]: property === "keep" ? [value] : value }),
  }));
}

/** Sources of images that cannot be built, or would not be the same on every machine. */
export const BAD_IMAGE_SOURCES: readonly BadInput[] = [
  ...rows("RC145", "repository", [
    "alibaba/ROLL",
    "/home/me/ROLL",
    "file:///home/me/ROLL",
    "ssh://example.org/alibaba/ROLL",
    "https://github.com",
    "https://github.com/alibaba/ROLL?ref=main",
    "https://github.com/alibaba/ROLL#main",
    "--upload-pack=x",
  ]),
  ...rows(
    "RC145",
    "repository",
    ["git@github.com:alibaba/ROLL.git", "https://me:secret@github.com/alibaba/ROLL"],
    () => "a value with '@' (not shown)",
  ),
  ...rows("RC146", "commit", ["main", "v1.0", COMMIT.slice(0, 8), `${COMMIT}0`, ""]),
  ...rows("RC147", "requirements", [
    "/requirements.txt",
    "../requirements.txt",
    "",
    "-r",
    "a b.txt",
    "a/../b",
  ]),
  ...rows("RC148", "folder", ["ROLL", "/", "/usr", "/opt", "/opt/ray-cluster/roll", "/proc/x", "/a/../b"]),
  {
    rule: "RC148",
    path: "image.sources[0].folder",
    got: "'/workspace/ROLL'",
    props: { ...source({}), storage: [HostPathStorage.perNode("/data", { mountPath: "/workspace" })] },
  },
  {
    rule: "RC148",
    path: "image.sources[1].folder",
    got: "'/workspace/ROLL'",
    props: {
      image: ContainerImage.withSource(ContainerImage.withSource(BASE, GOOD_SOURCE), {
        repository: "https://example.org/ROLL",
        commit: COMMIT,
      }),
    },
  },
  ...rows("RC149", "keep", ["torch==2.6.0", "torch>=2", "", "-r"]),
  // The rules of every image look at what is pulled, and at what the image holds in the end.
  {
    rule: "RC063",
    path: "image.rayVersion",
    got: "nothing",
    props: source({ rayVersion: undefined }),
  },
  {
    rule: "RC142",
    path: "image.packages",
    got: "'ray==2.48.0'",
    props: {
      image: ContainerImage.withSource(ContainerImage.withPythonPackages(BASE, ["ray==2.48.0"]), GOOD_SOURCE),
    },
  },
  {
    rule: "RC143",
    path: "image.gitCredentialsFile",
    got: "'.git-credentials'",
    props: source({ gitCredentialsFile: ".git-credentials" }),
  },
];
