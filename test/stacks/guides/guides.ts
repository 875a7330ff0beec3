import type { Guide } from "./guide";
import { LMDEPLOY_ASCEND, LMDEPLOY_GPU } from "./lmdeploy";
import { ROLL } from "./roll";
import { VLLM_405B, VLLM_ASCEND } from "./vllm";

/** The five procedures that people follow by hand. */
export const GUIDES: readonly Guide[] = [LMDEPLOY_GPU, LMDEPLOY_ASCEND, VLLM_ASCEND, ROLL, VLLM_405B];
