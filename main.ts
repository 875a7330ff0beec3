import { App } from "cdktf";
import { Lmdeploy2x8H100 } from "./stacks/lmdeploy-2x8-h100";
import { LmdeployAscend2x8 } from "./stacks/lmdeploy-ascend-2x8";
import { LmdeployGpu2x8 } from "./stacks/lmdeploy-gpu-2x8";
import { Local2x8 } from "./stacks/local-2x8";
import { Local4x8 } from "./stacks/local-4x8";
import { Rehearsal2x1L4 } from "./stacks/rehearsal-2x1-l4";
import { Roll2x2 } from "./stacks/roll-2x2";
import { Vllm405b4x8B300 } from "./stacks/vllm-405b-4x8-b300";
import { Vllm405b4x8H100 } from "./stacks/vllm-405b-4x8-h100";
import { Vllm405bGoogle4x8H100 } from "./stacks/vllm-405b-google-4x8-h100";
import { Vllm405bLambda4x8H100 } from "./stacks/vllm-405b-lambda-4x8-h100";
import { VllmAscend2x8 } from "./stacks/vllm-ascend-2x8";
import { VllmCpu2x1 } from "./stacks/vllm-cpu-2x1";

/** Every stack of this app. The name is the stack's and the cluster's. */
const STACKS = {
  "lmdeploy-2x8-h100": Lmdeploy2x8H100,
  "lmdeploy-ascend-2x8": LmdeployAscend2x8,
  "lmdeploy-gpu-2x8": LmdeployGpu2x8,
  "local-2x8": Local2x8,
  "local-4x8": Local4x8,
  "rehearsal-2x1-l4": Rehearsal2x1L4,
  "roll-2x2": Roll2x2,
  "vllm-405b-4x8-b300": Vllm405b4x8B300,
  "vllm-405b-4x8-h100": Vllm405b4x8H100,
  "vllm-405b-google-4x8-h100": Vllm405bGoogle4x8H100,
  "vllm-405b-lambda-4x8-h100": Vllm405bLambda4x8H100,
  "vllm-ascend-2x8": VllmAscend2x8,
  "vllm-cpu-2x1": VllmCpu2x1,
};

const app = new App();
for (const [name, Stack] of Object.entries(STACKS)) {
  new Stack(app, name);
}
app.synth();
