import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LmdeployServe } from "../../lib/engines/lmdeploy/lmdeploy-serve";
import type { VllmDtype, VllmExecutor } from "../../lib/engines/vllm/vllm-props";
import { VllmServe } from "../../lib/engines/vllm/vllm-serve";
import type { Problem } from "../../lib/problems/problem";
import { Accelerator } from "../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../lib/topology/declaration/container-image";
import { Fabric } from "../../lib/topology/declaration/fabric";
import { ModelSource } from "../../lib/topology/values/model-source";
import type { IEngine } from "../../lib/topology/engine-spec";
import { Model } from "../../lib/topology/model/model";
import type { ModelNumbers } from "../../lib/topology/model/model-numbers";
import type { ClusterPlan } from "../../lib/topology/plan/plan";
import { judgeCluster } from "../../lib/topology/planner";
import recipes from "../fixtures/models/recipes.json";
import references from "../fixtures/models/reference.json";
import { hostsPlace } from "./clusters";

/** A deployment that somebody published as working or as failing. */
export interface Deployment {
  readonly id: string;
  /** Where it was published. */
  readonly source: string;
  /** Key in `models` of the fixture. */
  readonly model: string;
  readonly accelerator: string;
  readonly nodes?: number;
  readonly perNode: number;
  readonly tp: number;
  readonly pp?: number;
  readonly dp?: number;
  readonly ep?: boolean;
  readonly maxModelLen?: number;
  readonly gpuMemoryUtilization?: number;
  readonly dtype?: VllmDtype;
  readonly enforceEager?: boolean;
  /** LMDeploy. */
  readonly cacheMaxEntryCount?: number;
  readonly executor?: VllmExecutor;
  readonly extraArguments?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
  readonly engine: string;
  /** Version of the engine, where it was published. */
  readonly version?: string;
  readonly expected: "works" | "fails";
  /** `doubtful` and `derived` are shown and not counted. */
  readonly confidence: "CI" | "verified" | "guide" | "issue" | "doubtful" | "derived";
  /** Why it fails. */
  readonly cause?: string;
  readonly note?: string;
  /** What differs from how it was first written down, and why. */
  readonly corrected?: string;
  /** Why it cannot be declared. */
  readonly whyNot?: string;
}

interface Fixture {
  readonly models: {
    readonly [name: string]: {
      readonly catalog?: string;
      readonly config?: object;
      /** A model of `models/reference.json` or `models/recipes.json`. */
      readonly reference?: string;
      /** Keys that it has besides. */
      readonly change?: object;
      readonly numbers?: Omit<ModelNumbers, "name">;
      readonly source?: string;
      /** `false`: nobody could open the source; its values, or those of its quantization, are written as they are known. */
      readonly read?: boolean;
    };
  };
  readonly cases: readonly Deployment[];
}

const FIXTURE = JSON.parse(readFileSync(join(__dirname, "../fixtures/deployments.json"), "utf8")) as Fixture;

interface Configured {
  readonly name?: string;
  readonly model?: string;
  readonly reference?: string;
  readonly change?: object;
  readonly config?: object;
}

const CONFIGURED: readonly Configured[] = [...references, ...recipes];

/** All published deployments, with their sources. */
export const DEPLOYMENTS = FIXTURE.cases;

const folder = mkdtempSync(join(tmpdir(), "deployments-"));

/** What the library says of a deployment. */
export function judgeDeployment(one: Deployment): {
  readonly problems: readonly Problem[];
  readonly plan?: ClusterPlan;
} {
  const { nodes = 1, perNode, accelerator: card } = one;
  const accelerator = Accelerator.of(card);
  return judgeCluster(
    {
      name: "fit",
      pools: [{ name: "gpu", nodes, accelerator, acceleratorsPerNode: perNode }],
      fabric: fabricOf(card),
      image: imageOf(one),
      engine: engineOf(one),
      model: ModelSource.path("/models/fit", { model: modelOf(one.model) }),
      environment: one.environment,
    },
    hostsPlace({ addresses: { gpu: Array.from({ length: nodes }, (_, index) => `10.20.0.${index + 10}`) } }),
  );
}

/** A model of the fixture. */
export function modelOf(name: string): Model {
  const { catalog, config, reference, change, numbers } = FIXTURE.models[name];
  if (catalog !== undefined) {
    return Model.of(catalog);
  }
  if (config !== undefined || reference !== undefined) {
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...(config ?? configOf(reference)), ...change }));
    return Model.fromConfig(file, { name });
  }
  return Model.fromNumbers({ name, ...(numbers as Omit<ModelNumbers, "name">) });
}

function configOf(wanted = ""): object {
  const found = CONFIGURED.find(({ name, model }) => name === wanted || model === wanted);
  if (found === undefined) {
    throw new Error(`no configuration '${wanted}' in the fixtures of models`);
  }
  return { ...(found.config ?? configOf(found.reference)), ...found.change };
}

function engineOf(one: Deployment): IEngine {
  return one.engine === "lmdeploy"
    ? new LmdeployServe({
        tensorParallelSize: one.tp,
        sessionLength: one.maxModelLen,
        cacheMaxEntryCount: one.cacheMaxEntryCount,
        eagerMode: one.enforceEager,
        extraArguments: one.extraArguments,
      })
    : new VllmServe({
        executor: one.executor,
        tensorParallelSize: one.tp,
        pipelineParallelSize: one.pp ?? 1,
        dataParallelSize: one.dp ?? 1,
        enableExpertParallel: one.ep,
        maxModelLen: one.maxModelLen,
        gpuMemoryUtilization: one.gpuMemoryUtilization,
        dtype: one.dtype,
        enforceEager: one.enforceEager,
        extraArguments: one.extraArguments,
        version: imageHasVersion(one) ? undefined : one.version,
      });
}

/** Whether the tag of the image says the published version. */
function imageHasVersion({ accelerator, version }: Deployment): boolean {
  return version === undefined || !/^\d+\.\d+\.\d+$/.test(version) || /^ascend/.test(accelerator);
}

/** The image of the published version, else one of the newest that is known. */
function imageOf({ engine, accelerator, version }: Deployment): ContainerImage {
  if (engine === "lmdeploy") {
    if (/^ascend/.test(accelerator)) {
      return ContainerImage.of("registry.example/lmdeploy:ascend", { rayVersion: "2.48.0" });
    }
    return ContainerImage.of("openmmlab/lmdeploy:v0.18.0-cu12.8", { rayVersion: "2.58.0" });
  }
  if (/^ascend/.test(accelerator)) {
    const suffix = accelerator === "ascend-a3" ? "-a3" : accelerator === "ascend-310p" ? "-310p" : "";
    return ContainerImage.of(`quay.io/ascend/vllm-ascend:v0.23.0${suffix}`, { rayVersion: "2.48.0" });
  }
  if (/^(mi3|trn|inf|trainium|inferentia)/.test(accelerator)) {
    return ContainerImage.of("registry.example/vllm:1", { rayVersion: "2.48.0" });
  }
  return version === undefined
    ? ContainerImage.withPythonPackages(ContainerImage.of("vllm/vllm-openai:v0.33.0"), ["ray==2.54.1"])
    : ContainerImage.of("registry.example/vllm:1", { rayVersion: "2.54.1" });
}

function fabricOf(accelerator: string): Fabric {
  if (/^ascend/.test(accelerator)) {
    return Fabric.ROCE;
  }
  return /^(trainium|inferentia)/.test(accelerator) ? Fabric.EFA : Fabric.INFINIBAND;
}
