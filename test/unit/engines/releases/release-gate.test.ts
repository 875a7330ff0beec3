import {
  allEngineReleases,
  findEngineRelease,
  rayRangeOfEngine,
} from "../../../../lib/catalog/engine-releases";
import { engineMilestone } from "../../../../lib/catalog/engine-versions";
import { findAccelerator } from "../../../../lib/catalog/accelerators";
import { findFabric } from "../../../../lib/catalog/fabrics";
import { checkEngineRelease } from "../../../../lib/engines/releases/release-gate";
import type { EngineReleaseQuery } from "../../../../lib/engines/releases/release-query";
import { definition } from "../support/flags";

const LMDEPLOY_ASCEND = "crpi-4crprmm5baj1v8iv.cn-hangzhou.personal.cr.aliyuncs.com/lmdeploy_dlinfer/ascend";
const ROLL = "roll-registry.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-24.05-py3-torch260-vllm084";
const ASCEND = { image: "quay.io/ascend/vllm-ascend:v0.23.0", acceleratorId: "ascend-910b-64" };
const NPU_LMDEPLOY = { engine: "lmdeploy", acceleratorId: "ascend-910b-64" };

function check(query: Partial<EngineReleaseQuery>) {
  return checkEngineRelease({
    engine: "vllm",
    image: "registry.example/mine:1",
    rayVersion: "2.48.0",
    nodes: 2,
    rankTable: false,
    authentication: "none",
    ...query,
  });
}

describe("what can run", () => {
  test.each<[string, Partial<EngineReleaseQuery>]>([
    ["an image of the user's own", {}],
    ["an image by its digest", { image: `vllm/vllm-openai@sha256:${"0".repeat(64)}` }],
    ["the last stock vLLM image with Ray", { image: "vllm/vllm-openai:v0.17.1", acceleratorId: "h100" }],
    ["the same image by its full name", { image: "docker.io/vllm/vllm-openai:v0.17.1" }],
    [
      "a vLLM image without Ray, to which Ray is added",
      { image: "vllm/vllm-openai:v0.20.0", acceleratorId: "h100", addedPackages: ["httpx", "ray"] },
    ],
    ["vllm-ascend with the Ray it pins", { ...ASCEND, pythonVersion: "3.12.9" }],
    [
      "vllm-ascend from a mirror",
      { ...ASCEND, image: "quay.nju.edu.cn/ascend/vllm-ascend:v0.18.0-openeuler" },
    ],
    ["vllm-ascend for A3", { image: "quay.io/ascend/vllm-ascend:v0.23.0-a3", acceleratorId: "ascend-a3" }],
    ["vllm-ascend on emulated NPUs", { ...ASCEND, acceleratorId: "emulated-npu" }],
    [
      "LMDeploy with a newer Ray",
      {
        engine: "lmdeploy",
        image: "openmmlab/lmdeploy:v0.18.0-cu12.8",
        rayVersion: "2.58.0",
        authentication: "token",
      },
    ],
    ["LMDeploy without a rank table", { ...NPU_LMDEPLOY, engineVersion: "0.15.0" }],
    ["an old LMDeploy with a rank table", { ...NPU_LMDEPLOY, engineVersion: "0.14.0", rankTable: true }],
    ["an old LMDeploy on one node", { ...NPU_LMDEPLOY, engineVersion: "0.14.0", nodes: 1 }],
    [
      "ROLL for Ascend",
      { engine: "roll", image: "quay.io/ascend/roll:main-a2", acceleratorId: "ascend-910b-64" },
    ],
    [
      "vLLM without Ray's executor, on a new Ray",
      { executor: "mp", rayVersion: "2.58.0", authentication: "token" },
    ],
    ["nothing but Ray, in an image of vLLM", { engine: "ray", ...ASCEND }],
    [
      "a Ray that asks for a token, and gets one",
      { engine: "ray", rayVersion: "2.61.0", authentication: "token" },
    ],
  ])("%s", (_, query) => {
    expect(check(query)).toEqual([]);
  });
});

describe("what cannot, or is risky", () => {
  test.each<[string, Partial<EngineReleaseQuery>, string, string, RegExp]>([
    [
      "stock vLLM without Ray",
      { image: "vllm/vllm-openai:v0.18.0" },
      "error",
      "image",
      /withPythonPackages.*ray==2\.48\.0/,
    ],
    [
      "the newest stock vLLM",
      { image: "vllm/vllm-openai:v0.33.0" },
      "error",
      "image",
      /no Ray since 0\.18\.0 \(this is 0\.33\.0\)/,
    ],
    [
      "stock vLLM without Ray's executor",
      { image: "vllm/vllm-openai:v0.33.0", executor: "mp" },
      "error",
      "image",
      /must hold Ray/,
    ],
    [
      "a stock tag before the ones read",
      { image: "vllm/vllm-openai:v0.8.4" },
      "warning",
      "image",
      /does not know/,
    ],
    ["the floating stock tag", { image: "vllm/vllm-openai" }, "warning", "image", /does not know/],
    [
      "vllm-ascend with a Ray that it does not hold",
      { ...ASCEND, rayVersion: "2.58.0", executor: "mp" },
      "error",
      "image.rayVersion",
      /2\.47\.1 to 2\.48\.0/,
    ],
    [
      "vllm-ascend with an older Ray",
      { ...ASCEND, rayVersion: "2.47.0" },
      "error",
      "image.rayVersion",
      /2\.47\.1 to 2\.48\.0/,
    ],
    [
      "vllm-ascend with another Python",
      { ...ASCEND, pythonVersion: "3.11" },
      "error",
      "image.pythonVersion",
      /3\.12/,
    ],
    [
      "the image of another board",
      { ...ASCEND, acceleratorId: "ascend-a3" },
      "error",
      "image",
      /ascend-910b-64/,
    ],
    [
      "an image of CUDA on Ascend",
      { image: "vllm/vllm-openai:v0.17.1", acceleratorId: "ascend-910b-64" },
      "error",
      "image",
      /built for nvidia/,
    ],
    [
      "a candidate that is not in the catalogue",
      { ...ASCEND, image: "quay.io/ascend/vllm-ascend:v0.23.0rc1" },
      "warning",
      "image",
      /does not know/,
    ],
    ["the image of another engine", { ...ASCEND, engine: "lmdeploy" }, "error", "image", /holds 'vllm'/],
    [
      "vLLM 0.11.0 across nodes without Ray",
      { image: "quay.io/ascend/vllm-ascend:v0.11.0", acceleratorId: "ascend-910b-64", executor: "mp" },
      "error",
      "engine.executor",
      /0\.11\.1 or newer/,
    ],
    [
      "LMDeploy over EFA",
      { engine: "lmdeploy", image: "openmmlab/lmdeploy:v0.18.0-cu12.8", fabric: "efa" },
      "error",
      "image",
      /aws-ofi-nccl/,
    ],
    [
      "an old LMDeploy across nodes without a rank table",
      { ...NPU_LMDEPLOY, engineVersion: "0.14.0" },
      "error",
      "environment.ASCEND_RANK_TABLE_FILE_PATH",
      /0\.15\.0 or newer, which needs none/,
    ],
    [
      "a rank table that nobody reads",
      { ...NPU_LMDEPLOY, engineVersion: "0.15.0", rankTable: true },
      "warning",
      "environment.ASCEND_RANK_TABLE_FILE_PATH",
      /no effect since LMDeploy 0\.15\.0/,
    ],
    [
      "a Ray that asks for a token",
      { engine: "ray", rayVersion: "2.61.0" },
      "error",
      "image.rayVersion",
      /needs a token/,
    ],
    [
      "a Ray that vLLM is reported not to run on",
      { rayVersion: "2.58.0" },
      "warning",
      "image.rayVersion",
      /2\.55\.0 on/,
    ],
  ])("%s", (_, query, level, path, said) => {
    const [finding, ...rest] = check(query);
    expect(rest).toEqual([]);
    expect(finding).toMatchObject({ level, path });
    expect([finding.allowed, finding.fix, finding.reason].join("; ")).toMatch(said);
    expect(finding.reason).not.toBe("");
  });

  test("ROLL's image lacks ROLL and what ROLL needs", () => {
    expect(check({ engine: "roll", image: ROLL }).map(({ allowed }) => allowed)).toEqual([
      "must have ROLL",
      "must have requirements_torch260_vllm.txt",
    ]);
    const inside =
      "roll-registry-vpc.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-25.06-py3-torch280-vllm0102";
    expect(check({ engine: "roll", image: inside }).at(-1)?.allowed).toMatch(/registry that answers outside/);
  });

  test("what Ray is missing for is said with where to read more", () => {
    expect(check({ image: "vllm/vllm-openai:v0.33.0" })[0].links).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^https:\/\/github\.com\/vllm-project\/production-stack/),
      ]),
    );
  });
});

describe("the catalogue of releases", () => {
  const releases = allEngineReleases();

  test.each(releases.map((release) => [release.id, release] as const))("%s is whole", (_, release) => {
    expect(() => new RegExp(release.tags)).not.toThrow();
    expect(release.tags).toMatch(/^\^.*\$$/);
    expect(release.ray === null).toBe(release.missing.includes("ray"));
    expect(release.accelerators.length).toBeGreaterThan(0);
    for (const id of release.accelerators) {
      expect(findAccelerator(id) !== undefined || id === "nvidia").toBe(true);
    }
    expect(release.withoutFabrics.filter((id) => findFabric(id) === undefined)).toEqual([]);
    expect(release).not.toHaveProperty("digest");
  });

  test.each([
    ["vllm/vllm-openai:v0.17.1", "vllm-with-ray", "0.17.1"],
    ["vllm/vllm-openai:v0.18.1", "vllm-cuda12", "0.18.1"],
    ["vllm/vllm-openai:v0.20.0", "vllm-cuda13", "0.20.0"],
    ["vllm/vllm-openai:v0.33.0@sha256:00", "vllm-cuda13", "0.33.0"],
    ["quay.io/ascend/vllm-ascend:v0.25.1rc1-310p", "vllm-ascend-0.25.1rc1-310p", "0.25.1"],
    ["m.daocloud.io/quay.io/ascend/vllm-ascend:v0.13.0", "vllm-ascend-0.13.0-a2", "0.13.0"],
    ["openmmlab/lmdeploy", "lmdeploy-latest", undefined],
    ["openmmlab/lmdeploy:v0.16.0-cu13.0", "lmdeploy-cu13.0", "0.16.0"],
    [`${LMDEPLOY_ASCEND}:a3-latest`, "lmdeploy-ascend-a3-latest", undefined],
  ])("%s is %s, version %s", (reference, id, version) => {
    const found = findEngineRelease(reference);
    expect([found?.release.id, found?.version]).toEqual([id, version]);
  });

  test.each([
    "vllm/vllm-openai:nightly",
    "vllm/vllm-openai:v0.9.0",
    "openmmlab/lmdeploy:v0.15.0-cu12.8",
    "localhost:5000/vllm/vllm-openai:v0.33.0",
    "quay.io/ascend/vllm-ascend:v0.23.0-a4",
  ])("%s is none of them", (reference) => {
    expect(findEngineRelease(reference)).toBeUndefined();
  });

  test("one reference names at most one release", () => {
    const tags = [
      "v0.17.1",
      "v0.19.0",
      "v0.23.0",
      "v0.23.0-a3",
      "v0.23.0-openeuler",
      "v0.16.0-cu12.8",
      "latest",
      "a2-latest",
    ];
    for (const { image } of releases) {
      for (const tag of tags) {
        const matching = releases.filter(
          (release) => release.image === image && release.from === null && new RegExp(release.tags).test(tag),
        );
        expect(matching.length).toBeLessThanOrEqual(1);
      }
    }
  });

  test("ranges of Ray by engine: the widest that one of its images has", () => {
    expect(rayRangeOfEngine("vllm")).toEqual({ minimum: "2.47.1" });
    expect(rayRangeOfEngine("lmdeploy")).toEqual({});
    expect(rayRangeOfEngine("roll")).toEqual({ minimum: "2.48.0", maximum: "2.48.0" });
    expect(rayRangeOfEngine("emulated")).toEqual({});
  });

  test("milestones agree with the published packages", () => {
    expect("--nnodes" in definition("vllm-0.20.2").flags).toBe(true);
    expect(definition("lmdeploy-0.14.0").copied.names).toContain("ASCEND_RANK_TABLE_FILE_PATH");
    expect(definition("lmdeploy-0.15.0").copied.names).not.toContain("ASCEND_RANK_TABLE_FILE_PATH");
    expect(engineMilestone("lmdeploy-without-rank-table").version).toBe("0.15.0");
    expect(() => engineMilestone("none")).toThrow("no engine milestone 'none'");
  });
});
