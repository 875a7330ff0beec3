import { join } from "node:path";
import { baseImageOf } from "../../catalog/base-images";
import { enginePackageOf } from "../../catalog/engine-packages";
import { rayVersionOf } from "../../catalog/ray-versions";
import { ContainerImage } from "../../topology/declaration/container-image";
import { imageInputsHash } from "./image-inputs";

/** Folder of the Dockerfile and of everything that the image is built from. */
export const VLLM_CPU_FOLDER = join(__dirname, "vllm-cpu");

/** vLLM on CPUs with the pinned Ray, built by the `image` command. */
export function vllmCpuImage(): ContainerImage {
  return ContainerImage.of(vllmCpuImageTag(), {
    rayVersion: vllmCpuRayVersion(),
    pythonVersion: baseImageOf("vllm-cpu").pythonVersion,
  });
}

/** Ray version that the image holds: the one that the emulation is tested with. */
export function vllmCpuRayVersion(): string {
  return rayVersionOf("emulation");
}

/**
 * `cdktf-ray-cluster/vllm-cpu:<version of vLLM>-<hash over the inputs>`
 *
 * @param folder where the inputs lie
 */
export function vllmCpuImageTag(folder = VLLM_CPU_FOLDER): string {
  const { image, suite, packages } = baseImageOf("vllm-cpu");
  const { version, torch } = enginePackageOf("vllm-cpu");
  const facts = JSON.stringify({ image, suite, packages, version, torch, ray: vllmCpuRayVersion() });
  return `cdktf-ray-cluster/vllm-cpu:${version}-${imageInputsHash(facts, folder)}`;
}
