import { findAccelerator } from "../catalog/accelerators";
import type { EngineContext, EngineSpec } from "../topology/engine-spec";
import { DEFAULT_HCCL_BUFFER_MB, neededHcclBufferMB } from "../topology/model/hccl-buffer";
import type { Parallelism } from "../topology/model/parallelism";

/**
 * The buffer that HCCL needs for the model's experts, where that is more than its own default.
 *
 * @param stepTokens tokens of one decoding step at most, by memory and key of the accelerator
 */
export function hcclBuffer(
  { model, acceleratorId }: EngineContext,
  parallelism: Parallelism,
  stepTokens: (memoryGiB: number, accelerator: string) => number,
): NonNullable<EngineSpec["clusterEnvironment"]> {
  const accelerator = findAccelerator(acceleratorId ?? "");
  if (model === undefined || accelerator?.collective !== "hccl" || accelerator.emulated) {
    return {};
  }
  const needed = neededHcclBufferMB({
    shape: model.shape,
    parallelism,
    board: accelerator.board,
    stepTokens: stepTokens(accelerator.memoryGiB, accelerator.id),
  });
  return needed > DEFAULT_HCCL_BUFFER_MB ? { HCCL_BUFFSIZE: String(needed) } : {};
}
