import { join } from "node:path";
import { baseImageOf } from "../../lib/catalog/base-images";
import { enginePackageOf } from "../../lib/catalog/engine-packages";
import { rayVersionOf } from "../../lib/catalog/ray-versions";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { imageInputsHash } from "../../lib/docker/images/image-inputs";

/** Folder of the Dockerfile and of everything that the image is built from. */
export const VLLM_CPU_FOLDER = join(__dirname, "vllm-cpu");

/**
 * vLLM on CPUs with a pinned Ray and a tiny model in `/models/tiny-llama`, built by the command `image vllm-cpu`. Each
 * emulated GPU is one rank, for which vLLM takes 1 GiB of shared memory and 2 GiB of memory.
 */
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
