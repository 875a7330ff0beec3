import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { Model } from "../../../../lib/topology/model/model";
import { judgeCluster } from "../../../../lib/topology/planner";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import reference from "../../../fixtures/models/reference.json";
import { hostsPlace, machineProps } from "../../../support/clusters";

const OF_GPT_OSS = join(mkdtempSync(join(tmpdir(), "model-")), "config.json");
const { config } = reference.find(({ name }) => name === "openai/gpt-oss-120b") ?? reference[0];
writeFileSync(OF_GPT_OSS, JSON.stringify(config));

function warned(change: Partial<ClusterProps> = {}): boolean {
  const props = machineProps({
    image: ContainerImage.of("vllm/vllm-openai:v0.33.0", { rayVersion: "2.54.1" }),
    model: ModelSource.path("/models/m", { model: Model.fromConfig(OF_GPT_OSS) }),
    storage: [HostPathStorage.shared("/mnt/models", { mountPath: "/models" })],
    engine: new VllmServe({ maxModelLen: 4096 }),
    ...change,
  });
  return judgeCluster(props, hostsPlace()).problems.some(({ rule }) => rule === "RC173");
}

// vllm-project/vllm#22525
test.each<[string, Partial<ClusterProps>, boolean]>([
  ["nothing more", {}, true],
  ["the folder for all processes", { environment: { TIKTOKEN_ENCODINGS_BASE: "/models/t" } }, false],
  ["the folder for the engine", { driverEnvironment: { TIKTOKEN_ENCODINGS_BASE: "/models/t" } }, false],
  ["another folder", { environment: { TIKTOKEN_CACHE_DIR: "/models/t" } }, true],
  ["another engine", { engine: new EmulatedServe() }, false],
  ["another model", { model: ModelSource.path("/models/m", { model: Model.LLAMA_3_1_70B }) }, false],
  ["an unknown model", { model: ModelSource.path("/models/m") }, false],
])("vLLM with gpt-oss and %s", (_what, change, expected) => {
  expect(warned(change)).toBe(expected);
});
