import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { RollPipeline } from "../../../../lib/engines/roll/roll-pipeline";
import { RollProfile } from "../../../../lib/engines/roll/roll-profile";
import { VllmExecutor } from "../../../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import type { EngineContext, EngineSpec, IEngine } from "../../../../lib/topology/engine-spec";
import { planEnvironment } from "../../../../lib/topology/plan/environment";
import { Fabric } from "../../../../lib/topology/declaration/fabric";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import type { EnvironmentPlan } from "../../../../lib/topology/plan/plan";
import { normalise } from "../../../../lib/topology/plan/spec";
import { findAccelerator } from "../../../../lib/catalog/accelerators";

/** A cluster with an engine, as a guide describes it. */
export interface System {
  /** Key, and name of its golden file. */
  readonly name: string;
  readonly title: string;
  readonly engine: IEngine;
  readonly accelerator: Accelerator;
  readonly nodes: number;
  readonly perNode: number;
  readonly fabric: Fabric;
  readonly image: string;
  readonly rayVersion: string;
}

export const HEAD_ADDRESS = "10.20.0.1";

const QWEN = "/models/Qwen3-235B-A22B";
const LLAMA = "/models/Meta-Llama-3.1-405B-Instruct";
const VLLM_ASCEND = {
  accelerator: Accelerator.ASCEND_910B_64GB,
  nodes: 2,
  perNode: 8,
  fabric: Fabric.ROCE,
  image: "quay.io/ascend/vllm-ascend:v0.23.0",
  rayVersion: "2.48.0",
};
const LMDEPLOY_ASCEND = {
  accelerator: Accelerator.ASCEND_910B_64GB,
  nodes: 2,
  perNode: 8,
  fabric: Fabric.ROCE,
  image: "crpi-4crprmm5baj1v8iv.cn-hangzhou.personal.cr.aliyuncs.com/lmdeploy_dlinfer/ascend:a2-latest",
  rayVersion: "2.58.0",
};
const H100S = {
  accelerator: Accelerator.H100,
  nodes: 4,
  perNode: 8,
  fabric: Fabric.INFINIBAND,
  image: "registry.example/vllm-openai:v0.33.0-ray2.48.0",
  rayVersion: "2.48.0",
};

/** The systems of the five guides, and what vLLM itself documents beside them. */
export const SYSTEMS: readonly System[] = [
  {
    name: "lmdeploy-2x8-tp16",
    title: "LMDeploy on 2 x 8 GPUs, tensor parallelism over both nodes",
    engine: new LmdeployServe({ modelPath: "/models/internlm3-8b-instruct" }),
    accelerator: Accelerator.A100_80GB,
    nodes: 2,
    perNode: 8,
    fabric: Fabric.INFINIBAND,
    image: "openmmlab/lmdeploy:v0.18.0-cu12.8",
    rayVersion: "2.58.0",
  },
  {
    name: "lmdeploy-ascend-2x8-tp16",
    title: "LMDeploy on 2 x 8 Ascend 910B (Atlas 800T A2), tensor parallelism over both nodes",
    engine: new LmdeployServe({ modelPath: "/models/internlm3-8b-instruct" }),
    ...LMDEPLOY_ASCEND,
  },
  {
    name: "lmdeploy-ascend-2x8-dp2-tp8",
    title: "LMDeploy on 2 x 8 Ascend 910B (Atlas 800T A2), a replica of 8 on each node behind the proxy",
    engine: new LmdeployServe({
      modelPath: "/models/Qwen3-235B-A22B",
      dataParallelSize: 2,
      tensorParallelSize: 8,
    }),
    ...LMDEPLOY_ASCEND,
  },
  {
    name: "lmdeploy-ascend-2x8-dp16-ep16",
    title: "LMDeploy on 2 x 8 Ascend 910B (Atlas 800T A2), 16 replicas that share whole experts",
    engine: new LmdeployServe({
      modelPath: "/models/DeepSeek-R1-W8A8",
      dataParallelSize: 16,
      expertParallelSize: 16,
    }),
    ...LMDEPLOY_ASCEND,
  },
  {
    name: "vllm-ascend-2x8-tp8-pp2",
    title: "vLLM on 2 x 8 Ascend 910B, a pipeline stage on each node",
    engine: new VllmServe({ modelPath: QWEN, maxModelLen: 8192, gpuMemoryUtilization: 0.9 }),
    ...VLLM_ASCEND,
  },
  {
    name: "vllm-ascend-2x8-tp16",
    title: "vLLM on 2 x 8 Ascend 910B, tensor parallelism over both nodes",
    engine: new VllmServe({ modelPath: QWEN, tensorParallelSize: 16, maxModelLen: 8192 }),
    ...VLLM_ASCEND,
  },
  {
    name: "vllm-ascend-2x8-mp",
    title: "vLLM on 2 x 8 Ascend 910B, without Ray",
    engine: new VllmServe({ modelPath: QWEN, executor: VllmExecutor.MP }),
    ...VLLM_ASCEND,
  },
  {
    name: "roll-2x2",
    title: "ROLL on 2 x 2 V100, with the guide's settings for small memory",
    engine: new RollPipeline({ profile: RollProfile.V100_MEMORY }),
    accelerator: Accelerator.V100_32GB,
    nodes: 2,
    perNode: 2,
    fabric: Fabric.TCP,
    image: "registry.example/roll:torch260-vllm084-ray2.48.0",
    rayVersion: "2.48.0",
  },
  {
    name: "vllm-405b-4x8",
    title: "vLLM with Llama 3.1 405B on 4 x 8 H100, a pipeline stage on each node",
    engine: new VllmServe({ modelPath: LLAMA }),
    ...H100S,
  },
  {
    name: "vllm-405b-4x8-mp",
    title: "vLLM with Llama 3.1 405B on 4 x 8 H100, without Ray",
    engine: new VllmServe({ modelPath: LLAMA, executor: VllmExecutor.MP }),
    ...H100S,
  },
];

/** A system by its key. */
export function system(name: string): System {
  const found = SYSTEMS.find((candidate) => candidate.name === name);
  if (!found) {
    throw new Error(`no system '${name}'`);
  }
  return found;
}

/** What the engine of a system may know of its cluster. */
export function contextOf(
  { accelerator, nodes, perNode }: Pick<System, "accelerator" | "nodes" | "perNode">,
  change: Partial<EngineContext> = {},
): EngineContext {
  return {
    clusterName: "c",
    accelerators: nodes * perNode,
    acceleratorNodes: nodes,
    acceleratorsPerNode: perNode,
    rayResource: findAccelerator(accelerator.id)?.rayResource ?? "CPU",
    headAddress: HEAD_ADDRESS,
    acceleratorId: accelerator.id,
    ...change,
  };
}

/** The engine of a system, bound to its cluster, with the environment that the planner derives. */
export function bound(of: System): { readonly spec: EngineSpec; readonly environment: EnvironmentPlan } {
  const spec = of.engine.bind(contextOf(of));
  const cluster = normalise({
    name: "c",
    pools: [{ name: "n", nodes: of.nodes, accelerator: of.accelerator, acceleratorsPerNode: of.perNode }],
    fabric: of.fabric,
    image: ContainerImage.of(of.image, { rayVersion: of.rayVersion }),
    engine: { engineName: of.engine.engineName, bind: () => spec },
  });
  const environment = planEnvironment(cluster);
  return {
    spec,
    environment: { ...environment, cluster: { ...spec.clusterEnvironment, ...environment.cluster } },
  };
}
