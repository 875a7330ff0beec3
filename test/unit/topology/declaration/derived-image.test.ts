import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import {
  derivedImageFiles,
  derivedImageReference,
  RECIPE_FOLDER,
} from "../../../../lib/topology/declaration/derived-image";
import type { ImageSourceProps } from "../../../../lib/topology/declaration/image-source";
import { judgeCluster, planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const VLLM = ContainerImage.of("vllm/vllm-openai:v0.20.0");
const RAY = "ray==2.58.0";
const DERIVED = { base: "vllm/vllm-openai:v0.20.0", sources: [], packages: ["msgpack==1.1.0", RAY] };

const ROLL = {
  repository: "https://github.com/alibaba/ROLL",
  commit: "8eb27cc2dc34c4d1310b169d9b86d339004d811a",
  requirements: "requirements_torch260_vllm.txt",
  rayVersion: "2.48.0",
};

const referenceOf = (...packages: readonly string[]) =>
  ContainerImage.withPythonPackages(VLLM, packages).reference;

describe("the reference of a derived image", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ray-cluster-derived-"));
    cpSync(RECIPE_FOLDER, folder, { recursive: true });
  });

  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it("is the same for the same inputs, whatever their order and folder", () => {
    expect(referenceOf(RAY, "msgpack==1.1.0")).toBe(referenceOf("MsgPack==1.1.0", RAY));
    expect(referenceOf(RAY, "msgpack==1.1.0")).toBe(derivedImageReference(DERIVED, folder));
  });

  it("changes with each file of the recipe", () => {
    const inputs = readdirSync(folder).filter((name) => name !== "__pycache__");
    expect(inputs.sort()).toEqual([
      "Dockerfile",
      "image_source.py",
      "package_versions.py",
      "python_packages.py",
    ]);
    const seen = new Set([derivedImageReference(DERIVED, folder)]);
    for (const input of inputs) {
      writeFileSync(join(folder, input), "\n", { flag: "a" });
      seen.add(derivedImageReference(DERIVED, folder));
    }
    expect(seen.size).toBe(inputs.length + 1);
  });

  it("changes with the base and with every package", () => {
    const bases = ["vllm/vllm-openai:v0.20.0", "vllm/vllm-openai:v0.20.1", "x/vllm-openai:v0.20.0"];
    const references = [
      ...bases.map((base) => derivedImageReference({ ...DERIVED, base })),
      referenceOf(RAY),
      referenceOf("ray==2.58.1"),
      referenceOf("ray[default]==2.58.0"),
      referenceOf(RAY, "msgpack==1.1.1"),
    ];
    expect(new Set(references.map((reference) => reference.split(":")[1])).size).toBe(references.length);
  });

  it("changes with the lock, and not with where it lies", () => {
    const folder = mkdtempSync(join(tmpdir(), "lock-"));
    const references = ["a.lock", "b.lock", "c.lock"].map((name, index) => {
      const lockFile = join(folder, name);
      writeFileSync(lockFile, `ray==2.58.0 --hash=sha256:${String(Math.min(index, 1)).repeat(64)}\n`);
      return ContainerImage.withPythonPackages(VLLM, [RAY], { lockFile }).reference;
    });
    rmSync(folder, { recursive: true });
    expect(new Set([...references, referenceOf(RAY)]).size).toBe(3);
    expect(references[1]).toBe(references[2]);
  });

  it("does not depend on where the packages come from", () => {
    const options = { pipConfigurationFile: "/etc/pip.conf", certificateAuthoritiesFile: "/etc/ca.pem" };
    expect(ContainerImage.withPythonPackages(VLLM, [RAY], options).reference).toBe(referenceOf(RAY));
  });

  it.each([
    ["vllm/vllm-openai:v0.20.0", "vllm-openai-v0.20.0"],
    [`quay.io/ascend/vllm-ascend:v0.23.0-A3@sha256:${"0".repeat(64)}`, "vllm-ascend-v0.23.0-a3"],
    ["localhost:5000/a__b..c:x-_.1", "a-b-c-x-1"],
    [`vllm@sha256:${"0".repeat(64)}`, "vllm"],
    ["Ärger/!!!", "image"],
    [`a/${"b".repeat(79)}-c`, "b".repeat(79)],
  ])("starts with the readable name of %s", (base, name) => {
    const reference = derivedImageReference({ base, sources: [], packages: [RAY] });
    expect(reference).toMatch(/^ray-cluster\/[a-z0-9]+(?:[.-][a-z0-9]+)*:[0-9a-f]{12}$/);
    expect(reference.slice(0, -13)).toBe(`ray-cluster/${name}`);
  });
});

test("derivedImageFiles differ between images in sources.json, packages.lock and packages.txt only", () => {
  const source = ContainerImage.withSource(VLLM, ROLL).derived?.sources ?? [];
  const [first, second] = [
    { packages: [RAY], sources: [] },
    { packages: ["msgpack==1.1.0", RAY], sources: source },
  ].map((derived) => derivedImageFiles(derived));
  expect(first.map(({ name }) => name)).toEqual([
    ...[
      "Dockerfile",
      "python_packages.py",
      "package_versions.py",
      "image_source.py",
      "sources.json",
      "packages.lock",
      "packages.txt",
    ],
  ]);
  expect(first.slice(0, 4)).toEqual(second.slice(0, 4));
  expect([first[4].content, second[6].content]).toEqual(["[]\n", "msgpack==1.1.0\nray==2.58.0\n"]);
  expect(JSON.parse(second[4].content)).toEqual([
    {
      repository: "https://github.com/alibaba/ROLL",
      commit: ROLL.commit,
      requirements: "requirements_torch260_vllm.txt",
      folder: "/workspace/ROLL",
      keep: ["torch", "torch-npu", "torchaudio", "torchvision"],
      rayVersion: "2.48.0",
    },
  ]);
});

describe("ContainerImage.withPythonPackages", () => {
  it("has the Ray of the packages, else of the base, and the Python of the base", () => {
    const base = ContainerImage.of("a:1", { rayVersion: "2.48.0", pythonVersion: "3.12.7" });
    expect(ContainerImage.withPythonPackages(VLLM, ["ray[default]==2.58.0"]).rayVersion).toBe("2.58.0");
    expect(ContainerImage.withPythonPackages(VLLM, ["ray==2.58"]).rayVersion).toBe("2.58.0");
    expect(ContainerImage.withPythonPackages(base, ["httpx==0.28.1"])).toMatchObject({
      rayVersion: "2.48.0",
      pythonVersion: "3.12.7",
      derived: { base: "a:1", baseRayVersion: "2.48.0" },
    });
  });

  it("merges the packages of two calls into one image", () => {
    const options = { pipConfigurationFile: "/etc/pip.conf" };
    const inner = ContainerImage.withPythonPackages(VLLM, [RAY], options);
    const outer = ContainerImage.withPythonPackages(inner, ["msgpack==1.1.0"]);
    expect(outer.reference).toBe(referenceOf(RAY, "msgpack==1.1.0"));
    expect(outer.derived).toMatchObject({ ...DERIVED, ...options });
    expect(outer.rayVersion).toBe("2.58.0");
  });

  it("keeps allowFloatingTag of the base", () => {
    const floating = ContainerImage.of("vllm/vllm-openai:latest", { allowFloatingTag: true });
    const image = ContainerImage.withPythonPackages(floating, [RAY]);
    expect(planCluster(emulatedProps({ image }), localPlace()).image.derived?.base).toBe(floating.reference);
  });
});

describe("ContainerImage.withSource", () => {
  const of = (change: Partial<ImageSourceProps> = {}) =>
    ContainerImage.withSource(VLLM, { ...ROLL, ...change });

  it("changes its reference with everything that the build reads", () => {
    const references = [
      of(),
      of({ repository: "https://example.org/ROLL" }),
      of({ commit: "0".repeat(40) }),
      of({ requirements: "requirements_torch260_sglang.txt" }),
      of({ folder: "/opt/roll" }),
      of({ keep: [] }),
      of({ rayVersion: "2.58.0" }),
      ContainerImage.withPythonPackages(of(), ["httpx==0.28.1"]),
    ].map(({ reference }) => reference);
    expect(new Set(references).size).toBe(references.length);
    expect(of({ commit: ROLL.commit.toUpperCase(), gitCredentialsFile: "~/c" }).reference).toBe(
      of().reference,
    );
  });

  it.each([
    ["https://github.com/alibaba/ROLL", "/workspace/ROLL"],
    ["https://example.org:8443/a/verl.git", "/workspace/verl"],
    ["https://example.org/a/b/", "/workspace/b"],
  ])("puts %s into %s", (repository, folder) => {
    expect(of({ repository }).derived?.sources[0]?.folder).toBe(folder);
  });

  it("has the Ray of packages that are added, else of the source, else of the base", () => {
    const base = ContainerImage.of("a:1", { rayVersion: "2.47.1" });
    const { rayVersion, ...silent } = ROLL;
    expect(ContainerImage.withSource(base, silent).rayVersion).toBe("2.47.1");
    expect(ContainerImage.withSource(base, ROLL).rayVersion).toBe(rayVersion);
    expect(ContainerImage.withPythonPackages(ContainerImage.withSource(VLLM, silent), [RAY]).rayVersion).toBe(
      "2.58.0",
    );
  });

  it("is one image with several sources and packages, in whatever order they are called", () => {
    const other = { repository: "https://example.org/other", commit: "1".repeat(40) };
    const image = ContainerImage.withSource(
      ContainerImage.withPythonPackages(of({ gitCredentialsFile: "/root/c" }), ["httpx==0.28.1"]),
      other,
    );
    expect(image.derived).toMatchObject({ base: VLLM.reference, packages: ["httpx==0.28.1"] });
    expect(image.derived?.gitCredentialsFile).toBe("/root/c");
    expect(image.derived?.sources.map(({ folder }) => folder)).toEqual([
      "/workspace/ROLL",
      "/workspace/other",
    ]);
  });
});

describe("the plan of a derived image", () => {
  it("has the reference, the version of Ray and how the image is built", () => {
    const image = ContainerImage.withPythonPackages(VLLM, [RAY]);
    const plan = planCluster(emulatedProps({ image }), localPlace());
    expect(plan.ray.version).toBe("2.58.0");
    expect(plan.image).toMatchObject({
      reference: image.reference,
      derived: { base: VLLM.reference, sources: [], packages: [RAY] },
    });
  });

  it("warns about a base without a digest", () => {
    const image = ContainerImage.withPythonPackages(VLLM, [RAY]);
    const { warnings } = planCluster(machineProps({ image }), hostsPlace());
    expect(warnings.filter(({ rule }) => rule === "RC069").map(({ path, got }) => [path, got])).toEqual([
      ["image.base", "'vllm/vllm-openai:v0.20.0'"],
    ]);
  });

  it("satisfies an engine that needs Ray when Ray is added", () => {
    const engine = new VllmServe({ modelPath: "/models/m" });
    const problems = (image: ContainerImage): readonly string[] =>
      judgeCluster(machineProps({ image, engine }), hostsPlace())
        .problems.filter(({ level }) => level === "error")
        .map(({ rule }) => rule);
    const said = ContainerImage.of(VLLM.reference, { rayVersion: "2.58.0" });
    expect(problems(said)).toEqual(["RC642"]);
    expect(problems(ContainerImage.withPythonPackages(VLLM, ["httpx==0.28.1", RAY]))).toEqual([]);
    // A base that is said to hold what the catalogue says it lacks.
    expect(problems(ContainerImage.withPythonPackages(said, ["httpx==0.28.1"]))).toEqual(["RC642"]);
  });
});
