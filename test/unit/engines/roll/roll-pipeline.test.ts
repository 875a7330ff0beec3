import { readFileSync } from "node:fs";
import * as path from "node:path";
import { allRollProfiles, rollProfile } from "../../../../lib/catalog/roll-profiles";
import { RollPipeline, type RollPipelineProps } from "../../../../lib/engines/roll/roll-pipeline";
import { RollProfile } from "../../../../lib/engines/roll/roll-profile";
import { Accelerator } from "../../../../lib/topology/declaration/accelerator";
import { ContainerImage } from "../../../../lib/topology/declaration/container-image";
import { engineKind } from "../../../../lib/topology/engine-spec";
import { planCluster } from "../../../../lib/topology/planner";
import { emulatedProps, localPlace } from "../../../support/clusters";
import { contextOf } from "../support/systems";

interface RollClass {
  readonly bases: readonly string[];
  readonly fields: { readonly [name: string]: string };
}

interface RollClasses {
  readonly [name: string]: RollClass;
}

const SOURCE: {
  readonly environment: readonly string[];
  readonly recipe: string;
  readonly recipeKeys: readonly string[];
  readonly classes: RollClasses;
  readonly megatron: RollClasses;
} = JSON.parse(
  readFileSync(path.join(__dirname, "../../../fixtures/engine-flags/roll-8eb27cc2.json"), "utf8"),
);

const CONTEXT = contextOf({ accelerator: Accelerator.V100_32GB, nodes: 2, perNode: 2 });
const configuration = (props: RollPipelineProps = {}) =>
  JSON.parse(new RollPipeline(props).bind(CONTEXT).texts![0].text);

/** Annotation of a field of a class or of what it inherits from. */
function annotation(classes: RollClasses, className: string, field: string): string | undefined {
  const found = classes[className];
  return (
    found?.fields[field] ?? found?.bases.map((base) => annotation(classes, base, field)).find((text) => text)
  );
}

/**
 * Annotation of a dotted key of ROLL's configuration; `undefined`: there is no such key. A strategy's settings
 * are a plain dictionary, which `megatron_train` reads into its training arguments.
 */
function typeOf(key: string): string | undefined {
  const names = key.split(".");
  let owner = "AgenticConfig";
  for (const [index, name] of names.entries()) {
    const text = annotation(SOURCE.classes, owner, name);
    if (index === names.length - 1) {
      return text ?? (index === 0 && SOURCE.recipeKeys.includes(key) ? "recipe" : undefined);
    }
    if (name === "strategy_config") {
      return annotation(SOURCE.megatron, "TrainingArguments", names[index + 1]);
    }
    owner =
      Object.keys(SOURCE.classes).find((candidate) => new RegExp(`\\b${candidate}\\b`).test(text ?? "")) ??
      "none";
  }
  return undefined;
}

describe("RollProfile.V100_MEMORY", () => {
  const { settings, renamed } = rollProfile("v100-memory");

  test.each(Object.entries(settings))("%s is a key of ROLL's source", (key, value) => {
    const text = typeOf(key);
    expect(text).toBeDefined();
    const literal = /Literal\[(.*?)\]/.exec(text!);
    if (literal) {
      expect(literal[1]).toContain(`'${value}'`);
    }
  });

  test.each(Object.entries(renamed))("the guide's key %s is %s in ROLL's source", (guide, ours) => {
    expect(typeOf(guide)).toBeUndefined();
    expect(Object.keys(settings).some((key) => key === ours || key.startsWith(`${ours}.`))).toBe(true);
  });

  test("has every setting of the guide", () => {
    expect(configuration({ profile: RollProfile.V100_MEMORY })).toMatchObject({
      num_gpus_per_node: 2,
      rollout_batch_size: 64,
      val_batch_size: 16,
      max_actions_per_traj: 10,
      max_steps: 100,
      actor_train: {
        device_mapping: "list(range(0,4))",
        model_args: { dtype: "fp16" },
        strategy_args: {
          strategy_name: "megatron_train",
          strategy_config: {
            tensor_model_parallel_size: 1,
            pipeline_model_parallel_size: 1,
            expert_model_parallel_size: 1,
            use_distributed_optimizer: true,
            recompute_granularity: "full",
          },
        },
        training_args: { per_device_train_batch_size: 1, gradient_accumulation_steps: 16 },
      },
      actor_infer: { device_mapping: "list(range(0,4))", model_args: { dtype: "fp16" } },
      reference: { device_mapping: "list(range(0,4))", model_args: { dtype: "fp16" } },
      train_env_manager: { num_env_groups: 1, num_groups_partition: [1] },
      val_env_manager: {
        num_env_groups: 2,
        num_groups_partition: [1, 1],
        tags: ["SimpleSokoban", "FrozenLake"],
      },
    });
  });

  test("takes its settings from the catalogue", () => {
    expect(RollProfile.V100_MEMORY.settings).toBe(settings);
    expect(allRollProfiles().map(({ id }) => id)).toEqual(["v100-memory"]);
    expect(() => rollProfile("v100")).toThrow("no profile of ROLL 'v100'");
  });
});

test.each([
  "actor_train.model_args.dtyp",
  "actor_train.dtype",
  "strategy_name",
  "nonsense",
  "train_env_manager.env_groups",
])("the check finds that %s is no key", (key) => {
  expect(typeOf(key)).toBeUndefined();
});

test("RollPipeline derives only keys of ROLL's source from the cluster", () => {
  const flat = (group: object, prefix = ""): string[] =>
    Object.entries(group).flatMap(([name, value]) =>
      typeof value === "object" && !Array.isArray(value)
        ? flat(value, `${prefix}${name}.`)
        : [`${prefix}${name}`],
    );
  const { defaults, hydra, ...settings } = configuration({ modelPath: "/models/m" });
  expect(defaults).toEqual([path.posix.basename(SOURCE.recipe, ".yaml"), "_self_"]);
  expect(hydra).toEqual({ searchpath: ["file:///workspace/ROLL/examples/agentic_demo"] });
  expect(flat(settings)).toEqual([
    "num_gpus_per_node",
    "actor_train.device_mapping",
    "actor_infer.device_mapping",
    "reference.device_mapping",
    "pretrain",
    "reward_pretrain",
  ]);
  expect(flat(settings).map(typeOf)).not.toContain(undefined);
});

test("RollPipeline prefers overrides to the profile and the profile to the cluster, and merges groups", () => {
  const profile = RollProfile.of("mine", { "actor_train.model_args.dtype": "fp16", max_steps: 10 });
  const { actor_train, max_steps, num_gpus_per_node } = configuration({
    profile,
    overrides: {
      max_steps: 5,
      actor_train: { device_mapping: "list(range(0,2))" },
      "actor_train.infer_batch_size": 2,
      num_gpus_per_node: 1,
    },
  });
  expect({ actor_train, max_steps, num_gpus_per_node }).toEqual({
    actor_train: { device_mapping: "list(range(0,2))", model_args: { dtype: "fp16" }, infer_batch_size: 2 },
    max_steps: 5,
    num_gpus_per_node: 1,
  });
});

test("RollPipeline gives each node ROLL's variables with its rank", () => {
  const { environment, nodeEnvironment } = new RollPipeline().bind({ ...CONTEXT, gcsPort: 7000 });
  const node = { MASTER_ADDR: "10.20.0.1", MASTER_PORT: "7000", WORLD_SIZE: "2" };
  const { PYTHONPATH, ...found } = environment;
  expect(found).toEqual({ ...node, RANK: "0" });
  expect(PYTHONPATH).toBe("/workspace/ROLL");
  expect(nodeEnvironment).toEqual([
    { ...node, RANK: "0" },
    { ...node, RANK: "1" },
  ]);
  expect(SOURCE.environment).toEqual(expect.arrayContaining(Object.keys(found)));
});

test("RollPipeline in a cluster sets the import path for its own process only", () => {
  const image = ContainerImage.of("registry.example/roll:1", { rayVersion: "2.48.0" });
  const { environment, nodes } = planCluster(
    emulatedProps({ image, engine: new RollPipeline() }),
    localPlace(),
  );
  expect(environment.driver).toMatchObject({ PYTHONPATH: "/workspace/ROLL", RANK: "0" });
  expect(environment.cluster).not.toHaveProperty("PYTHONPATH");
  expect(nodes.map((node) => node.environment?.RANK)).toEqual(["0", "1"]);
});

test("RollPipeline is a job on the Ray that ROLL pins, started in ROLL's folder", () => {
  const spec = new RollPipeline({ rollPath: "/opt/roll", recipe: "examples/x/y" }).bind(CONTEXT);
  expect(spec).toMatchObject({
    name: "roll",
    rayVersions: { minimum: "2.48.0", maximum: "2.48.0" },
    workingDirectory: "/opt/roll",
    problems: [],
  });
  expect(engineKind(spec)).toBe("job");
  expect(spec.argv).toEqual([
    "python3",
    "/opt/roll/examples/start_agentic_pipeline.py",
    ...["--config_path", "../../ray-cluster/roll", "--config_name", "pipeline"],
  ]);
  expect(spec.requires?.paths).toContain("/opt/roll/examples/x/y.yaml");
});

test("RollPipeline ignores later changes of the overrides it was given", () => {
  const overrides: { [key: string]: unknown } = { max_steps: 1 };
  const engine = new RollPipeline({ overrides });
  overrides.max_steps = 2;
  expect(JSON.parse(engine.bind(CONTEXT).texts![0].text).max_steps).toBe(1);
});
