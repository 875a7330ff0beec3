import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RayOnly } from "../../../../lib/engines/ray-only";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import type { BadInput } from "./bad-inputs";

const MODEL = "/models/m";
const mp = new VllmServe({ modelPath: MODEL, executor: VllmExecutor.MP });
const image = (reference: string, rayVersion: string): Partial<ClusterProps> => ({
  image: ContainerImage.of(reference, { rayVersion }),
});
/** The head, without accelerators, before the pool that has them. */
const headApart = {
  pools: [
    { name: "head", nodes: 1 },
    { name: "npu", nodes: 2, accelerator: Accelerator.EMULATED_NPU, acceleratorsPerNode: 8 },
  ],
};
const headAddress = { addresses: { head: ["10.89.28.9"], npu: ["10.89.28.10", "10.89.28.11"] } };
const gpus = { addresses: { head: ["10.20.0.1"] } };

/** Declarations that an engine refuses, or that the rules refuse because of the engine. */
export const BAD_ENGINES: readonly BadInput[] = [
  {
    props: { engine: new VllmServe({}) },
    line: "engine.modelPath [RC076]: must name the model's folder, where the cluster has no model, got nothing; give the cluster a model, e.g. ModelSource.path('/models/llama-3.1-405b')",
  },
  {
    props: { engine: new LmdeployServe({ modelPath: "models/m" }) },
    line: "engine.modelPath [RC076]: must be an absolute path in the container, the same on every node, got 'models/m'; put the model there first and name its folder, e.g. '/models/llama-3.1-405b'",
  },
  {
    props: { engine: new VllmServe({ modelPath: MODEL, extraArguments: ["--port", "9000"] }) },
    line: "engine.extraArguments[0] [RC076]: must not be set besides the property 'port', got '--port'; use 'port'",
  },
  {
    machines: true,
    props: { engine: new VllmServe({ modelPath: MODEL }), ...image(`vllm/vllm-openai:v0.20.0`, "2.48.0") },
    line: "image [RC076]: must hold Ray (the image holds no Ray since 0.18.0 (this is 0.20.0)), got 'vllm/vllm-openai:v0.20.0'; derive an image with ContainerImage.withPythonPackages(image, ['ray==2.48.0']) (see https://github.com/vllm-project/production-stack/pull/1056, https://github.com/kubernetes-sigs/lws/issues/835, https://github.com/ai-dynamo/dynamo/pull/8515)",
  },
  {
    props: { engine: mp, ...headApart },
    place: headAddress,
    line: "pools[0].accelerator [RC078]: must be there: the engine 'vllm' runs its rank 0 on the head, got none; put the pool with accelerators first, or let the engine reach the nodes through Ray",
  },
  {
    machines: true,
    props: {
      engine: new RollPipeline(),
      ...image(`registry.example/roll@sha256:${"0123456789abcdef".repeat(4)}`, "2.48.0"),
      pools: [
        { name: "head", nodes: 1, accelerator: Accelerator.H100 },
        { name: "gpu", nodes: 3, accelerator: Accelerator.H100 },
      ],
    },
    place: gpus,
    line: "pools[1] [RC079]: must have planned addresses: the engine 'roll' numbers its nodes, got addresses assigned at boot; use a place that plans them, e.g. hosts with fixed addresses",
  },
  {
    props: { engine: new VllmServe({ modelPath: MODEL, tensorParallelSize: 3, pipelineParallelSize: 2 }) },
    line: "engine.tensorParallelSize [RC113]: must make as many ranks as there are accelerators (16), got tp 3 x pp 2 x dp 1: 6 ranks; leave the sizes out, or let their product be that number",
  },
  {
    props: { engine: new RayOnly(), driverEnvironment: { "NOT A NAME": "1" } },
    line: "driverEnvironment.NOT A NAME [RC040]: must be letters, digits and underscores, not beginning with a digit, got 'NOT A NAME'; correct the name",
  },
];
