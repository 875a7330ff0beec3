import {
  allEngineReleases,
  findEngineRelease,
  rayRangeOfEngine,
} from "../../../../lib/catalog/engine-releases";
import { engineMilestone } from "../../../../lib/catalog/engines";
import { findAccelerator } from "../../../../lib/catalog/accelerators";
import { findFabric } from "../../../../lib/catalog/fabrics";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RayOnly } from "../../../../lib/engines/ray-only";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { EngineContext, EngineImage, IEngine } from "../../../../lib/topology/engine-spec";
import { definition } from "../support/flags";
import { contextOf } from "../support/systems";

const LMDEPLOY_ASCEND = "crpi-4crprmm5baj1v8iv.cn-hangzhou.personal.cr.aliyuncs.com/lmdeploy_dlinfer/ascend";
const ROLL_260 = "roll-registry.cn-hangzhou.cr.aliyuncs.com/roll/pytorch:nvcr-24.05-py3-torch260-vllm084";
const OWN = "registry.example/mine:1";

const vllm = new VllmServe({ modelPath: "/models/m", tensorParallelSize: 16 });
const vllmWithoutRay = new VllmServe({ modelPath: "/models/m", executor: VllmExecutor.MP });
const lmdeploy = (version?: string) => new LmdeployServe({ modelPath: "/models/m", version });
const image = (reference: string, rayVersion = "2.48.0", more: Partial<EngineImage> = {}) => ({
  image: { reference, rayVersion, ...more },
});

describe("problems of an engine in an image", () => {
  test.each<[string, IEngine, Accelerator, Partial<EngineContext>, nodes?: number]>([
    ["an image of the user's own", vllm, Accelerator.H100, image(OWN)],
    ["an image by digest", vllm, Accelerator.H100, image(`vllm/vllm-openai@sha256:${"0".repeat(64)}`)],
    ["the last vLLM image with Ray", vllm, Accelerator.H100, image("vllm/vllm-openai:v0.17.1")],
    ["the same image by its full name", vllm, Accelerator.H100, image("docker.io/vllm/vllm-openai:v0.17.1")],
    [
      "a vLLM image without Ray to which Ray is added",
      vllm,
      Accelerator.H100,
      image("vllm/vllm-openai:v0.20.0", "2.48.0", { addedPackages: ["httpx", "ray"] }),
    ],
    [
      "vllm-ascend with the Python in the image",
      vllm,
      Accelerator.ASCEND_910B_64GB,
      image("quay.io/ascend/vllm-ascend:v0.23.0", "2.48.0", { pythonVersion: "3.12.9" }),
    ],
    [
      "vllm-ascend from a mirror",
      vllm,
      Accelerator.ASCEND_910B_64GB,
      image("quay.nju.edu.cn/ascend/vllm-ascend:v0.18.0-openeuler"),
    ],
    ["vllm-ascend for A3", vllm, Accelerator.ASCEND_A3, image("quay.io/ascend/vllm-ascend:v0.23.0-a3")],
    [
      "vllm-ascend on emulated NPUs",
      vllm,
      Accelerator.EMULATED_NPU,
      image("quay.io/ascend/vllm-ascend:v0.23.0"),
    ],
    [
      "LMDeploy with a newer Ray",
      lmdeploy(),
      Accelerator.H100,
      image("openmmlab/lmdeploy:v0.18.0-cu12.8", "2.58.0"),
    ],
    [
      "a newer LMDeploy without a rank table",
      lmdeploy("0.15.0"),
      Accelerator.ASCEND_910B_64GB,
      { rankTable: false },
    ],
    [
      "an old LMDeploy with a rank table",
      lmdeploy("0.14.0"),
      Accelerator.ASCEND_910B_64GB,
      { rankTable: true },
    ],
    [
      "an old LMDeploy on one node",
      lmdeploy("0.14.0"),
      Accelerator.ASCEND_910B_64GB,
      { rankTable: false },
      1,
    ],
    [
      "ROLL from source with the requirements of its image",
      new RollPipeline(),
      Accelerator.V100_32GB,
      image(ROLL_260, "2.48.0", { requirements: ["requirements_torch260_vllm.txt"] }),
    ],
    [
      "ROLL from source with another Ray than its requirements had when the image was published",
      new RollPipeline(),
      Accelerator.V100_32GB,
      image(ROLL_260, "2.58.0", { requirements: ["requirements_torch260_vllm.txt"] }),
    ],
    [
      "ROLL for Ascend",
      new RollPipeline(),
      Accelerator.ASCEND_910B_64GB,
      image("quay.io/ascend/roll:main-a2"),
    ],
    ["vLLM without Ray's executor on a new Ray", vllmWithoutRay, Accelerator.H100, image(OWN, "2.58.0")],
    ["Ray alone in an image of vLLM", new RayOnly(), Accelerator.H100, image("vllm/vllm-openai:v0.17.1")],
  ])("%s: none", (_, engine, accelerator, change, nodes = 2) => {
    const context = contextOf({ accelerator, nodes, perNode: 8 }, change);
    expect(engine.bind(context).problems ?? []).toEqual([]);
  });

  test("an old LMDeploy on several Ascend nodes reads a rank table, a newer one does not", () => {
    const context = contextOf({ accelerator: Accelerator.ASCEND_910B_64GB, nodes: 2, perNode: 8 });
    expect(
      [lmdeploy("0.14.0"), lmdeploy("0.15.0"), lmdeploy()].map((e) => e.bind(context).readsRankTable),
    ).toEqual([true, false, false]);
  });
});

describe("catalogue of releases", () => {
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
