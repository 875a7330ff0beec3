import * as path from "node:path";
import { rayRangeOfEngine } from "../../catalog/engine-releases";
import { rayPorts } from "../../catalog/ports";
import type { EngineContext, EngineFinding, EngineSpec, IEngine } from "../../topology/engine-spec";
import { releaseFindings } from "../releases/release-findings";
import { nestedSettings } from "../nested-settings";
import type { RollProfile } from "./roll-profile";
import { WITHOUT_API } from "../without-api";

/** What may be chosen of a pipeline of ROLL. */
export interface RollPipelineProps {
  /**
   * Folder in the container where ROLL lies.
   *
   * @default '/workspace/ROLL'
   */
  readonly rollPath?: string;
  /**
   * Program of the pipeline, relative to `rollPath`. It must take `--config_path` and `--config_name`.
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
   * @default - what the recipe names, which ROLL downloads
   */
  readonly modelPath?: string;
  /**
   * Settings for a purpose, put over those of the recipe.
   *
   * @default - none
   */
  readonly profile?: RollProfile;
  /**
   * Settings put over recipe, cluster and profile, by their key in ROLL's configuration; dots lead into
   * groups, e.g. `actor_train.model_args.dtype`. ROLL ignores a key that it does not know.
   *
   * @default - none
   */
  readonly overrides?: { readonly [key: string]: unknown };
}

const FOLDER = "/opt/ray-cluster/roll";
const NAME = "pipeline";

/** Roles of a pipeline that take accelerators. */
const ROLES = ["actor_train", "actor_infer", "reference"];

/**
 * A training pipeline of ROLL, as a job: started on the head once every node is a member, over when it ends.
 * ROLL finds the running Ray cluster and starts none.
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
      kind: "job",
      argv: [
        "python3",
        script,
        // Hydra takes the folder relative to the program, never an absolute path.
        ...["--config_path", path.posix.relative(path.posix.dirname(script), FOLDER)],
        ...["--config_name", NAME],
      ],
      ...WITHOUT_API,
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
      findings: [...this.findings(rollPath), ...releaseFindings("roll", context)],
    };
  }

  /** A configuration of Hydra (JSON is YAML): the recipe first, then what the cluster and the user say. */
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

  private findings(rollPath: string): readonly EngineFinding[] {
    const { modelPath } = this.props;
    return [
      ...absolute("engine.rollPath", rollPath),
      ...(modelPath === undefined ? [] : absolute("engine.modelPath", modelPath)),
    ];
  }
}

/** How ROLL knows a node: `WORLD_SIZE` counts nodes, `RANK` is the node's. */
function node(context: EngineContext, rank: number): { readonly [name: string]: string } {
  const gcs = rayPorts().find(({ name }) => name === "gcs");
  return {
    ...(context.headAddress === undefined ? {} : { MASTER_ADDR: context.headAddress }),
    MASTER_PORT: String(context.gcsPort ?? gcs?.from),
    WORLD_SIZE: String(context.acceleratorNodes),
    RANK: String(rank),
  };
}

function absolute(property: string, value: string): readonly EngineFinding[] {
  return path.posix.isAbsolute(value)
    ? []
    : [
        {
          level: "error",
          path: property,
          got: value === "" ? "nothing" : `'${value}'`,
          allowed: "must be an absolute path in the container",
          fix: "begin it with '/'",
        },
      ];
}
