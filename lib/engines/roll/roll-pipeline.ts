import * as path from "node:path";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { rayPort } from "../../catalog/ports";
import { errorRule, judge, type Topic } from "../../problems/rule";
import { show } from "../../problems/text";
import type { EngineContext, EngineSpec, IEngine } from "../../topology/engine-spec";
import { MODEL_PATH_TOPIC } from "../model-folder";
import { imageProblems } from "../releases/image-rules";
import { nestedSettings } from "../nested-settings";
import type { RollProfile } from "./roll-profile";

/** Properties of `RollPipeline`. */
export interface RollPipelineProps {
  /**
   * Folder of ROLL in the container.
   *
   * @default '/workspace/ROLL'
   */
  readonly rollPath?: string;
  /**
   * Program of the pipeline, relative to `rollPath`. It must accept `--config_path` and `--config_name`.
   *
   * @default 'examples/start_agentic_pipeline.py'
   */
  readonly program?: string;
  /**
   * Configuration that the pipeline starts from, relative to `rollPath`, without `.yaml`.
   *
   * @default 'examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo'
   */
  readonly recipe?: string;
  /**
   * Folder of the model to train, in the container, the same on every node.
   *
   * @default - the model that the recipe names, which ROLL downloads
   */
  readonly modelPath?: string;
  /**
   * Settings for one purpose, which override those of the recipe.
   *
   * @default - none
   */
  readonly profile?: RollProfile;
  /**
   * Settings that override recipe, cluster and profile, by their key in ROLL's configuration; dots lead into
   * groups, e.g. `actor_train.model_args.dtype`. ROLL ignores unknown keys.
   *
   * @default - none
   */
  readonly overrides?: { readonly [key: string]: unknown };
}

const FOLDER = "/opt/ray-cluster/roll";
const NAME = "pipeline";

export const ROLL_TOPIC: Topic<{ readonly rollPath: string }, unknown> = {
  title: "ROLL",
  rules: [
    errorRule("RC630", {
      title: "ROLL's path is absolute",
      why: "The pipeline starts in this folder, and Python imports ROLL's packages from it.",
      check: ({ rollPath }) =>
        !path.posix.isAbsolute(rollPath) && {
          path: "engine.rollPath",
          got: show(rollPath),
          must: "be an absolute path in the container",
          fix: "use ROLL's folder in the image, e.g. '/workspace/ROLL'",
        },
    }),
  ],
};

/** Roles of a pipeline that use accelerators. */
const ROLES = ["actor_train", "actor_infer", "reference"];

/**
 * A training pipeline of ROLL, as a job that starts on the head once every node is a member.
 * ROLL uses the running Ray cluster.
 *
 * @example
 * new RollPipeline({ profile: RollProfile.V100_MEMORY, overrides: { max_steps: 100 } });
 */
export class RollPipeline implements IEngine {
  public readonly engineName = "roll";
  private readonly props: RollPipelineProps;

  constructor(props: RollPipelineProps = {}) {
    this.props = { ...props, overrides: { ...props.overrides } };
  }

  public bind(context: EngineContext): EngineSpec {
    const { rollPath = "/workspace/ROLL", program = "examples/start_agentic_pipeline.py" } = this.props;
    const recipe = this.props.recipe ?? "examples/agentic_demo/agent_val_frozen_lake_multi_nodes_demo";
    const script = path.posix.join(rollPath, program);
    const recipeFile = `${path.posix.join(rollPath, recipe)}.yaml`;
    const nodes = Array.from({ length: context.acceleratorNodes }, (_, rank) => node(context, rank));
    return {
      name: this.engineName,
      declared: { ...this.props, profile: this.props.profile?.name },
      argv: [
        "python3",
        script,
        // Hydra takes the folder relative to the program, never an absolute path.
        ...["--config_path", path.posix.relative(path.posix.dirname(script), FOLDER)],
        ...["--config_name", NAME],
      ],
      // Its programs import its packages from there; Ray hands the driver's import path to the workers.
      environment: { ...node(context, 0), PYTHONPATH: rollPath },
      nodeEnvironment: nodes,
      files: [],
      ports: [],
      rayVersions: rayRangeOfEngine("roll"),
      workingDirectory: rollPath,
      texts: [{ path: `${FOLDER}/${NAME}.yaml`, text: this.configuration(context, recipeFile) }],
      requires: {
        programs: ["python3"],
        pythonModules: ["hydra", "dacite", "ray"],
        paths: [script, recipeFile],
      },
      problems: [
        ...judge(ROLL_TOPIC, { rollPath }, context),
        ...judge(MODEL_PATH_TOPIC, this.props, context),
        ...imageProblems("roll", context),
      ],
    };
  }

  /** A Hydra configuration (JSON is YAML): the recipe, overridden by the cluster and the user. */
  private configuration(context: EngineContext, recipeFile: string): string {
    const recipe = path.posix.parse(recipeFile);
    const settings = nestedSettings([
      this.ofCluster(context),
      this.props.profile?.settings ?? {},
      this.props.overrides ?? {},
    ]);
    const document = {
      defaults: [recipe.name, "_self_"],
      hydra: { searchpath: [`file://${recipe.dir}`] },
      ...settings,
    };
    return `${JSON.stringify(document, null, 2)}\n`;
  }

  private ofCluster(context: EngineContext): { readonly [key: string]: unknown } {
    const modelPath = this.props.modelPath ?? context.modelPath;
    const all = `list(range(0,${context.accelerators}))`;
    return {
      num_gpus_per_node: context.acceleratorsPerNode,
      ...Object.fromEntries(ROLES.map((role) => [`${role}.device_mapping`, all])),
      ...(modelPath === undefined ? {} : { pretrain: modelPath, reward_pretrain: modelPath }),
    };
  }
}

/** ROLL's variables of a node: `WORLD_SIZE` counts nodes, `RANK` is the rank of the node. */
function node(context: EngineContext, rank: number): { readonly [name: string]: string } {
  return {
    ...(context.headAddress === undefined ? {} : { MASTER_ADDR: context.headAddress }),
    MASTER_PORT: String(context.gcsPort ?? rayPort("gcs").from),
    WORLD_SIZE: String(context.acceleratorNodes),
    RANK: String(rank),
  };
}
