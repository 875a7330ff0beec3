import { RayOnly } from "../../../../../lib/engines/ray-only";
import { RollPipeline } from "../../../../../lib/engines/roll/roll-pipeline";
import { VllmExecutor } from "../../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../../lib/topology/declaration/accelerator";
import type { ClusterProps } from "../../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../../lib/topology/declaration/container-image";
import type { BadInput } from "./bad-input";

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
    props: { engine: mp, ...headApart },
    place: headAddress,
    rule: "RC078",
    path: "pools[0].accelerator",
    got: "none",
  },
  {
    props: { engine: new VllmServe({ modelPath: MODEL, version: "0.20.2" }), ...headApart },
    place: headAddress,
    rule: "RC078",
    path: "pools[0].accelerator",
    got: "none",
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
    rule: "RC079",
    path: "pools[1]",
    got: "addresses assigned at boot",
  },
  {
    props: { engine: new VllmServe({ modelPath: MODEL, tensorParallelSize: 3, pipelineParallelSize: 2 }) },
    rule: "RC113",
    path: "engine.tensorParallelSize",
    got: "tp 3 x pp 2 x dp 1 = 6 ranks",
  },
  {
    props: { engine: new RayOnly(), driverEnvironment: { "NOT A NAME": "1" } },
    rule: "RC040",
    path: "driverEnvironment.NOT A NAME",
    got: "'NOT A NAME'",
  },
];
