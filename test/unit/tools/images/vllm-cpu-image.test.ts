import { readFileSync } from "node:fs";
import { join } from "node:path";
import { enginePackageOf } from "../../../../lib/catalog/engine-packages";
import { emulationRayVersion } from "../../../../lib/docker/images/emulation-image";
import { VLLM_CPU_FOLDER, vllmCpuImage, vllmCpuImageTag } from "../../../../tools/images/vllm-cpu-image";

const REQUIREMENTS = readFileSync(join(VLLM_CPU_FOLDER, "requirements.txt"), "utf8").split("\n");

describe("vllmCpuImage", () => {
  it("names vLLM's version and a hash over the inputs, and the Ray that the emulation has", () => {
    const image = vllmCpuImage();
    expect(image.reference).toBe(vllmCpuImageTag());
    expect(image.reference).toMatch(/^cdktf-ray-cluster\/vllm-cpu:0\.32\.0-[0-9a-f]{12}$/);
    expect([image.rayVersion, image.pythonVersion]).toEqual([emulationRayVersion(), "3.11"]);
  });
});

describe("requirements.txt", () => {
  const pins = REQUIREMENTS.filter((line) => line !== "" && !line.startsWith("#"));

  it("pins every package to one version, once", () => {
    expect(pins.filter((pin) => !/^[a-z0-9-]+==[\w.]+$/.test(pin))).toEqual([]);
    const names = pins.map((pin) => pin.split("==")[0]);
    expect(new Set(names).size).toBe(names.length);
  });

  it("leaves to the catalogue what has a row there, and out what is for GPUs", () => {
    const own = ["ray", "torch", enginePackageOf("vllm-cpu").package];
    const unwanted = ["triton", "torchaudio", "torchvision", "nvidia-nccl-cu13", "nvidia-cudnn-cu13"];
    const names = pins.map((pin) => pin.split("==")[0]);
    expect(names.filter((name) => [...own, ...unwanted].includes(name))).toEqual([]);
    expect(names.filter((name) => name.startsWith("nvidia-"))).toEqual(["nvidia-cuda-runtime"]);
  });
});
