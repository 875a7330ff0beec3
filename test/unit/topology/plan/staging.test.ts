import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmulatedServe } from "../../../../lib/engines/emulated/emulated-serve";
import { LmdeployServe } from "../../../../lib/engines/lmdeploy/lmdeploy-serve";
import { Speculation } from "../../../../lib/engines/vllm/speculation";
import { VllmServe } from "../../../../lib/engines/vllm/vllm-serve";
import { CONTAINER_PATHS } from "../../../../lib/runtime/paths";
import type { ClusterProps } from "../../../../lib/topology/declaration/cluster-props";
import type { EngineContext, IEngine } from "../../../../lib/topology/engine-spec";
import { CONTAINER_FOLDERS } from "../../../../lib/topology/plan/limits";
import { Model } from "../../../../lib/topology/model/model";
import { ModelSource } from "../../../../lib/topology/values/model-source";
import { judgeCluster, planCluster } from "../../../../lib/topology/planner";
import { SecretRef } from "../../../../lib/topology/values/secret-ref";
import { HostPathStorage } from "../../../../lib/topology/declaration/storage";
import { emulatedProps, hostsPlace, localPlace, machineProps } from "../../../support/clusters";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const LLAMA = "meta-llama/Llama-3.1-405B-Instruct";
const SHARED = HostPathStorage.shared("/mnt/models");

const hub = (repository = LLAMA, more: object = {}) =>
  ModelSource.huggingFace(repository, { revision: COMMIT, ...more });
const planOf = (change: Partial<ClusterProps>) => planCluster(emulatedProps(change), localPlace());

describe("the folder of the model", () => {
  test.each([
    ["a repository", hub(), `/models/meta-llama--Llama-3.1-405B-Instruct--0123456789ab`],
    ["a repository without an owner", hub("gpt2"), "/models/gpt2--0123456789ab"],
    [
      "an object store",
      ModelSource.s3("s3://my-bucket/llms/a+b/", { index: SecretRef.hostFile("/root/index.json") }),
      "/models/my-bucket--llms--a_b",
    ],
    ["a folder that is there", ModelSource.path("/models/llama"), "/models/llama"],
  ])("%s", (_, model, destination) => {
    expect(planOf({ model, storage: [SHARED] }).staging?.models[0].destination).toBe(destination);
  });

  test("differs for other files of the same commit", () => {
    const folders = [hub(), hub(LLAMA, { include: ["*.json"] }), hub(LLAMA, { exclude: ["*.bin"] })].map(
      (model) => planOf({ model }).staging?.models[0].destination,
    );
    expect(folders[0]).toMatch(/--0123456789ab$/);
    expect(folders[1]).toMatch(/--0123456789ab--[0-9a-f]{8}$/);
    expect(new Set(folders).size).toBe(3);
  });

  test("is on the first storage, at its mount path", () => {
    const storage = [HostPathStorage.perNode("/data", { mountPath: "/weights/" }), SHARED];
    const plan = planOf({ model: hub("gpt2"), storage });
    expect(plan.staging?.models[0].destination).toBe("/weights/gpt2--0123456789ab");
    expect(plan.staging?.models[0].placement).toBe("replicated");
    expect(plan.storage).toEqual([
      { hostPath: "/data", mountPath: "/weights/", isShared: false },
      { hostPath: "/mnt/models", mountPath: "/models", isShared: true },
    ]);
  });

  test("is on each machine's own disk without declared storage", () => {
    const plan = planOf({ model: hub() });
    expect(plan.storage).toEqual([
      { hostPath: "/var/lib/ray-cluster/models", mountPath: "/models", isShared: false },
    ]);
    expect(plan.staging?.models[0].placement).toBe("replicated");
  });

  test("does not exist without a model", () => {
    const plan = planOf({});
    expect(plan.storage).toEqual([]);
    expect(plan.staging).toBeUndefined();
    expect(plan.deadlines.stagingSeconds).toBe(0);
    expect(plan.environment.cluster).not.toHaveProperty("HF_HUB_OFFLINE");
  });

  test("is not mounted for a model in the image", () => {
    const plan = planOf({ model: ModelSource.path("/opt/models/tiny") });
    expect(plan.storage).toEqual([]);
    expect(plan.staging?.models[0].placement).toBe("shared");
    expect(plan.warnings.map(({ rule }) => rule)).toEqual(["RC137"]);
  });
});

describe("a model source", () => {
  test.each([
    ["a model of the catalogue: its bytes at 50 MB/s", hub(), 16_235],
    ["whatever the case of the name", hub(LLAMA.toLowerCase()), 16_235],
    [
      "a small one: ten minutes",
      hub("a/b", {
        model: Model.fromNumbers({
          name: "s",
          weightBytes: 1e9,
          layers: 2,
          attentionHeads: 2,
          hiddenSize: 64,
        }),
      }),
      600,
    ],
    ["an unknown one: an hour", hub("a/b"), 3600],
    ["one that is there: a minute", ModelSource.path("/models/m"), 60],
  ])("decides the staging timeout for %s", (_, model, seconds) => {
    const { deadlines } = planOf({ model, storage: [SHARED] });
    expect(deadlines.stagingSeconds).toBe(seconds);
    expect(deadlines.servingSeconds).toBe(663 + seconds);
  });

  test("leaves a given staging timeout unchanged", () => {
    const { deadlines, staging } = planOf({ model: hub(), stagingTimeoutSeconds: 1000 });
    expect([deadlines.stagingSeconds, staging?.deadlineSeconds]).toEqual([1000, 1000]);
  });

  test("brings the numbers of a known repository, unless others are given", () => {
    const staging = planOf({ model: hub() }).staging?.models[0];
    expect([staging?.modelName, staging?.modelBytes]).toEqual(["llama-3.1-405b", 811_706_916_800]);
    expect(planOf({ model: hub(LLAMA, { model: Model.QWEN2_5_72B }) }).staging?.models[0].modelName).toBe(
      "qwen2.5-72b",
    );
    // The same name on another hub is another repository.
    expect(hub("vllm-ascend/DeepSeek-V3-W8A8").model).toBeUndefined();
  });

  test("is refused when its numbers do not fit the cluster", () => {
    const one = machineProps({
      pools: [{ ...machineProps().pools[0], nodes: 1 }],
      engine: new VllmServe(),
      model: hub(),
    });
    expect(() => planCluster(one, hostsPlace({ addresses: { gpu: ["10.20.0.1"] } }))).toThrow(/RC108/);
  });

  test("makes engines start offline unless the user sets the variable", () => {
    expect(planOf({ model: hub() }).environment.cluster.HF_HUB_OFFLINE).toBe("1");
    const own = planOf({ model: hub(), environment: { HF_HUB_OFFLINE: "0" } });
    expect(own.environment.cluster.HF_HUB_OFFLINE).toBe("0");
  });

  test("gives folder and name to the engine", () => {
    let seen: EngineContext | undefined;
    const engine: IEngine = {
      engineName: "e",
      bind: (context) => new EmulatedServe().bind((seen = context)),
    };
    planOf({ model: hub(), engine });
    expect(seen).toMatchObject({
      modelPath: "/models/meta-llama--Llama-3.1-405B-Instruct--0123456789ab",
      modelName: LLAMA,
    });
  });

  test.each([
    ["vLLM", new VllmServe()],
    ["LMDeploy", new LmdeployServe()],
  ])("%s serves the folder under the name of the repository", (_, engine) => {
    const small = Model.fromNumbers({
      name: "s",
      weightBytes: 1e9,
      layers: 8,
      attentionHeads: 64,
      hiddenSize: 64 * 64,
      kvHeads: 64,
      maximumContextTokens: 1024,
    });
    const plan = planCluster(machineProps({ engine, model: hub("a/b", { model: small }) }), hostsPlace());
    expect(plan.engine.argv).toContain("/models/a--b--0123456789ab");
    expect(plan.engine.api?.servedModel).toBe("a/b");
  });
});

describe("a draft model", () => {
  const small = { name: "d", weightBytes: 70e9, layers: 8, attentionHeads: 64, hiddenSize: 4096 };
  const draft = hub("a/draft", {
    token: SecretRef.hostFile("/root/draft-token"),
    model: Model.fromNumbers({ ...small, kvHeads: 8 }),
  });
  const engine = new VllmServe({
    maxModelLen: 4096,
    speculation: Speculation.eagle3({ model: draft, tokens: 3 }),
  });
  const plan = (change: Partial<ClusterProps> = {}) =>
    planCluster(
      machineProps({ engine, model: hub("a/b", { model: Model.QWEN2_5_72B }), ...change }),
      hostsPlace(),
    );

  test("is fetched with the model, to a folder of its own that the engine gets", () => {
    const { staging, engine: bound, secrets } = plan();
    expect(staging?.models.map(({ name, destination, placement }) => [name, destination, placement])).toEqual(
      [
        ["model", "/models/a--b--0123456789ab", "replicated"],
        ["draft-model", "/models/a--draft--0123456789ab", "replicated"],
      ],
    );
    const config = JSON.parse(bound.argv[bound.argv.indexOf("--speculative-config") + 1]) as unknown;
    expect(config).toEqual({
      method: "eagle3",
      model: "/models/a--draft--0123456789ab",
      num_speculative_tokens: 3,
    });
    expect(secrets).toEqual([
      {
        name: "draft-model",
        path: "engine.speculation.model.token",
        ref: SecretRef.hostFile("/root/draft-token"),
        isOfSource: true,
      },
    ]);
  });

  test("takes time to fetch and to load, and memory", () => {
    const without = plan({ engine: new VllmServe({ maxModelLen: 4096 }) });
    const { deadlines, memory } = plan();
    expect(deadlines.stagingSeconds - without.deadlines.stagingSeconds).toBe(1400);
    expect(deadlines.engineSeconds).toBeGreaterThan(without.deadlines.engineSeconds);
    const last = (of: typeof memory) => of?.fit.stages.at(-1)?.weightsGiB ?? 0;
    expect(last(memory) - last(without.memory)).toBeCloseTo(70e9 / 8 / 2 ** 30, 6);
  });

  test("is judged as the model's source is", () => {
    const loose = Speculation.eagle3({
      model: ModelSource.huggingFace("a/d", { revision: "main" }),
      tokens: 3,
    });
    const { problems } = judgeCluster(
      machineProps({ engine: new VllmServe({ maxModelLen: 4096, speculation: loose }), model: hub("a/b") }),
      hostsPlace(),
    );
    expect(
      problems.filter(({ level }) => level === "error").map(({ rule, path, got }) => [rule, path, got]),
    ).toEqual([["RC130", "engine.speculation.model.revision", "'main'"]]);
  });
});

test("planStaging gives a model that cannot be read the time of an unknown one, and no size", () => {
  const path = join(mkdtempSync(join(tmpdir(), "staging-")), "config.json");
  writeFileSync(path, JSON.stringify({ model_type: "newcomer", hidden_size: 4096 }));
  const staging = (model?: Model) => planOf({ model: hub("a/b", { model }) }).staging;
  expect(staging(Model.fromConfig(path))).toMatchObject({
    deadlineSeconds: staging()?.deadlineSeconds,
    models: [{ modelBytes: undefined }],
  });
});

test("planStaging is plain data and holds only the path of a secret", () => {
  const token = SecretRef.hostFile("/root/hf-token");
  const plan = planOf({ model: hub("a/b", { token }) });
  expect(plan.staging?.models[0].secret).toEqual({ kind: "host-file", hostPath: "/root/hf-token" });
  expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
});

test("planStaging names a secret of the place's store by its id", () => {
  const model = hub("a/b", { token: SecretRef.managed("arn:secret") });
  const plan = planCluster(emulatedProps({ model }), localPlace({ secretKinds: ["managed"] }));
  expect(plan.staging?.models[0].secret).toEqual({ kind: "managed", id: "arn:secret" });
});

test("CONTAINER_FOLDERS are the folders that containers use", () => {
  for (const path of Object.values(CONTAINER_PATHS)) {
    expect(CONTAINER_FOLDERS.filter((folder) => `${path}/`.startsWith(`${folder}/`))).toHaveLength(1);
  }
});

test("ModelSource.s3 documents the index as the node program reads it", () => {
  const program = readFileSync(join(__dirname, "../../../../lib/runtime/ray_node/staging/index.py"), "utf8");
  const docs = readFileSync(join(__dirname, "../../../../lib/topology/values/model-source.ts"), "utf8");
  const form = '{"files": [{"path": "config.json", "size": 812, "sha256": "...", "url": "https://..."}]}';
  expect(program).toContain(form);
  expect(docs).toContain(form);
});
