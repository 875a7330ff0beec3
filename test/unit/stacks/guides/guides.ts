import type { Guide } from "./guide";
import { LMDEPLOY_ASCEND, LMDEPLOY_GPU } from "./lmdeploy";
import { ROLL } from "./roll";
import { VLLM_405B, VLLM_ASCEND } from "./vllm";
import { VLLM_405B_AWS } from "./vllm-aws";

/** The five procedures that people follow by hand, one of them in two places. */
export const GUIDES: readonly Guide[] = [
  LMDEPLOY_GPU,
  LMDEPLOY_ASCEND,
  VLLM_ASCEND,
  ROLL,
  VLLM_405B,
  VLLM_405B_AWS,
];
