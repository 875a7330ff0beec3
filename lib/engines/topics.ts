import type { Topic } from "../problems/rule";
import { CUSTOM_TOPIC } from "./custom-serve";
import { EXTRA_ARGUMENTS_TOPIC } from "./extra-arguments";
import { LMDEPLOY_REPLICAS_TOPIC } from "./lmdeploy/lmdeploy-replica-rules";
import { LMDEPLOY_TOPIC } from "./lmdeploy/lmdeploy-rules";
import { LISTENING_TOPIC } from "./listen-address";
import { MODEL_FOLDER_TOPIC, MODEL_PATH_TOPIC } from "./model-folder";
import { IMAGE_TOPIC } from "./releases/image-rules";
import { ROLL_TOPIC } from "./roll/roll-pipeline";
import { VLLM_TOPIC } from "./vllm/vllm-rules";

/** The rules that engines check when they bind to a cluster, for the page of rules. */
export const ENGINE_TOPICS: readonly Topic<never, never>[] = [
  MODEL_FOLDER_TOPIC,
  MODEL_PATH_TOPIC,
  EXTRA_ARGUMENTS_TOPIC,
  LISTENING_TOPIC,
  VLLM_TOPIC,
  LMDEPLOY_TOPIC,
  LMDEPLOY_REPLICAS_TOPIC,
  ROLL_TOPIC,
  CUSTOM_TOPIC,
  IMAGE_TOPIC,
];
