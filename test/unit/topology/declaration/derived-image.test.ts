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
import { judgeCluster, planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const VLLM = ContainerImage.of("vllm/vllm-openai:v0.20.0");
const RAY = "ray==2.58.0";
const DERIVED = { base: "vllm/vllm-openai:v0.20.0", packages: ["msgpack==1.1.0", RAY] };

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
    expect(inputs.sort()).toEqual(["Dockerfile", "python_packages.py"]);
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
    const reference = derivedImageReference({ base, packages: [RAY] });
    expect(reference).toMatch(/^ray-cluster\/[a-z0-9]+(?:[.-][a-z0-9]+)*:[0-9a-f]{12}$/);
    expect(reference.slice(0, -13)).toBe(`ray-cluster/${name}`);
  });
});

test("derivedImageFiles differ between images in packages.txt only", () => {
  const [first, second] = [[RAY], ["msgpack==1.1.0", RAY]].map((packages) => derivedImageFiles({ packages }));
  expect(first.map(({ name }) => name)).toEqual(["Dockerfile", "python_packages.py", "packages.txt"]);
  expect(first.slice(0, 2)).toEqual(second.slice(0, 2));
  expect(second[2].content).toBe("msgpack==1.1.0\nray==2.58.0\n");
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

describe("the plan of a derived image", () => {
  it("has the reference, the version of Ray and how the image is built", () => {
    const image = ContainerImage.withPythonPackages(VLLM, [RAY]);
    const plan = planCluster(emulatedProps({ image }), localPlace());
    expect(plan.ray.version).toBe("2.58.0");
    expect(plan.image).toEqual({
      reference: image.reference,
      derived: { base: VLLM.reference, packages: [RAY] },
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
