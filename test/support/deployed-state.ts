import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { contentHash } from "../../lib/runtime/content-hash";
import type { Synthesized } from "./synth";
import { initialise, terraform, type TerraformRunner } from "./terraform";

/** What a plan does with a resource. */
export type Action = "create" | "update" | "replace" | "delete" | "forget";

interface Values {
  readonly [key: string]: unknown;
}

interface PlannedChange {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly provider_name: string;
  readonly change: {
    readonly actions: readonly string[];
    readonly after: Values | null;
    readonly after_unknown: Values;
  };
}

interface PlanJson {
  readonly resource_changes?: readonly PlannedChange[];
  readonly configuration: {
    readonly root_module: {
      readonly resources: readonly {
        readonly address: string;
        readonly provider_config_key: string;
        readonly schema_version: number;
        readonly expressions?: Values;
      }[];
    };
  };
}

interface Announcement {
  readonly type: string;
  readonly change?: { readonly resource: { readonly addr: string }; readonly action: Action | "remove" };
}

/** Types of the attributes of a resource or of a block in it, as Terraform writes them. */
interface Block {
  readonly attributes?: { readonly [name: string]: { readonly type?: unknown } };
  readonly block_types?: { readonly [name: string]: { readonly block: Block } };
}

interface Schemas {
  readonly [provider: string]: {
    readonly resource_schemas: { readonly [type: string]: { readonly block: Block } };
  };
}

interface Resource {
  readonly type: string;
  readonly name: string;
  readonly provider: string;
  readonly schemaVersion: number;
  readonly values: Values;
}

const STATE = "terraform.tfstate";
/** What refers to a value that refers to another one is known after as many plans. */
const ROUNDS = 16;

/**
 * A stack as if it had been deployed, without any machine: the real provider plans it, and what only a deployment would know
 * (ids) is made up.
 */
export class Deployed {
  private readonly folder: string;
  private readonly state: string;

  /**
   * @param run Terraform with the providers of the stack
   * @throws Error if another plan of the same stack would change something
   */
  public constructor(
    { folder }: Synthesized,
    private readonly run: TerraformRunner = terraform,
  ) {
    this.folder = folder;
    initialise(folder, run);
    const { provider_schemas: schemas } = json<{ provider_schemas: Schemas }>(
      run,
      folder,
      "providers",
      "schema",
    );
    const resources = new Map<string, Resource>();
    let plan = planned(run, folder);
    for (let round = 1; round <= ROUNDS && actions(plan).size > 0; round++) {
      for (const change of settled(
        plan,
        (plan.resource_changes ?? []).filter((one) => actionOf(one) !== undefined),
      )) {
        resources.set(change.address, afterwards(plan, change, schemas, resources.get(change.address)));
      }
      writeFileSync(join(folder, STATE), stateText(round, [...resources.values()], schemas));
      plan = planned(run, folder);
    }
    if (actions(plan).size > 0) {
      throw new Error(`a plan of what is deployed changes ${[...actions(plan).keys()].join(", ")}`);
    }
    this.state = readFileSync(join(folder, STATE), "utf8");
  }

  /** What a deployment of the stack in place of this one would do, by the address of the resource. */
  public changesTo(stack: Synthesized): ReadonlyMap<string, Action> {
    cpSync(stack.folder, this.folder, { recursive: true });
    writeFileSync(join(this.folder, STATE), this.state);
    return announced(this.run, this.folder);
  }
}

/** What `terraform plan` says of each resource: one program instead of the two that a plan as data needs. */
function announced(run: TerraformRunner, folder: string): ReadonlyMap<string, Action> {
  const lines = run(folder, "plan", "-input=false", "-refresh=false", "-json").trim().split("\n");
  const changes = lines
    .map((line) => JSON.parse(line) as Announcement)
    .filter(({ type }) => type === "planned_change");
  return new Map(
    changes.flatMap(({ change }) =>
      change === undefined
        ? []
        : [[change.resource.addr, change.action === "remove" ? "forget" : change.action]],
    ),
  );
}

function planned(run: TerraformRunner, folder: string): PlanJson {
  // No machine is asked: the state is what there is.
  run(folder, "plan", "-input=false", "-refresh=false", "-out=plan.bin");
  return json<PlanJson>(run, folder, "show", "plan.bin");
}

function json<Answer>(
  run: TerraformRunner,
  folder: string,
  command: string,
  ...words: readonly string[]
): Answer {
  const [before, after] = command === "show" ? [["-json"], words] : [words, ["-json"]];
  return JSON.parse(run(folder, command, ...before, ...after)) as Answer;
}

function actions(plan: PlanJson): ReadonlyMap<string, Action> {
  return new Map(
    (plan.resource_changes ?? []).flatMap((change): [string, Action][] => {
      const action = actionOf(change);
      return action === undefined ? [] : [[change.address, action]];
    }),
  );
}

function actionOf({ change }: PlannedChange): Action | undefined {
  const [first, ...others] = change.actions;
  if (others.length > 0) {
    return "replace";
  }
  return first === "no-op" || first === "read" ? undefined : (first as Action);
}

/**
 * Those of the changes that refer to nothing that is yet to be created, as a deployment would begin: the provider asks its
 * service about a machine whose template changes.
 */
function settled(plan: PlanJson, changes: readonly PlannedChange[]): readonly PlannedChange[] {
  const missing = changes.filter((one) => actionOf(one) === "create").map(({ address }) => address);
  const found = changes.filter(({ address, change }) => {
    const configured = plan.configuration.root_module.resources.find((one) => one.address === address);
    const references = JSON.stringify(configured?.expressions ?? {});
    const isLate = Object.keys(configured?.expressions ?? {}).some(
      (name) => change.after_unknown[name] === true,
    );
    return !isLate && !missing.some((other) => other !== address && references.includes(`"${other}"`));
  });
  return found.length > 0 ? found : changes;
}

/** The resource as it is planned; a value that is not known yet is the one it had, else one made up. */
function afterwards(
  plan: PlanJson,
  { address, type, name, provider_name: provider, change }: PlannedChange,
  schemas: Schemas,
  before: Resource | undefined,
): Resource {
  const configured = plan.configuration.root_module.resources.find((one) => one.address === address);
  const alias = configured?.provider_config_key.split(".")[1];
  const { block } = schemas[provider].resource_schemas[type];
  const values: { [name: string]: unknown } = { ...change.after };
  // Engines that run the same image have the same one.
  const owner = type === "docker_image" ? `image ${String(values.name)}` : address;
  for (const [attribute, unknown] of Object.entries(change.after_unknown)) {
    const path = `${owner}.${attribute}`;
    values[attribute] = completed(values[attribute], unknown, before?.values[attribute], path, block);
  }
  return {
    type,
    name,
    provider: `provider["${provider}"]${alias === undefined ? "" : `.${alias}`}`,
    schemaVersion: configured?.schema_version ?? 0,
    values,
  };
}

/** @param block the one that the last name of the path is in, where it is known */
function completed(
  after: unknown,
  unknown: unknown,
  before: unknown,
  path: string,
  block: Block | undefined,
): unknown {
  const name = path.split(".").at(-1) ?? "";
  const within = block?.block_types?.[name]?.block;
  if (unknown === true) {
    return (
      before ?? madeUp(within === undefined ? (block?.attributes?.[name]?.type ?? "string") : ["list"], path)
    );
  }
  if (typeof unknown !== "object" || unknown === null) {
    return after;
  }
  const inner = (key: string | number, one: unknown) =>
    completed(
      (after as Values | null)?.[key],
      one,
      (before as Values | null | undefined)?.[key],
      // An element of a list of blocks is in what the list is in.
      typeof key === "number" ? path : `${path}.${key}`,
      typeof key === "number" ? block : within,
    );
  return Array.isArray(unknown)
    ? unknown.map((one, index) => inner(index, one))
    : {
        ...(after as Values | null),
        ...Object.fromEntries(Object.entries(unknown).map(([key, one]) => [key, inner(key, one)])),
      };
}

/** Of the right type; 0 is also the exit code of a readiness check that has succeeded. */
function madeUp(kind: unknown, path: string): unknown {
  if (Array.isArray(kind)) {
    return kind[0] === "map" ? {} : [];
  }
  return kind === "bool" ? false : kind === "number" ? 0 : madeUpText(path);
}

/** Providers look at the form of some. */
function madeUpText(path: string): string {
  if (path.endsWith(".arn")) {
    return `arn:aws:made-up:us-east-1:123456789012:${path}`;
  }
  return /^aws_launch_template\..*\.id$/.test(path) ? `lt-${contentHash(path)}` : `known-${path}`;
}

function stateText(serial: number, deployed: readonly Resource[], schemas: Schemas): string {
  const resources = deployed.map(({ type, name, provider, schemaVersion, values }) => {
    const { attributes } = Object.values(schemas).flatMap(
      ({ resource_schemas: types }) => types[type] ?? [],
    )[0].block;
    const stored = Object.entries(values).map(([key, value]) => [
      key,
      attributes?.[key]?.type === "dynamic" ? withType(value) : value,
    ]);
    const instance = {
      schema_version: schemaVersion,
      attributes: Object.fromEntries(stored),
      sensitive_attributes: [],
    };
    return { mode: "managed", type, name, provider, instances: [instance] };
  });
  return JSON.stringify({
    version: 4,
    terraform_version: "1.11.4",
    serial,
    lineage: "test",
    outputs: {},
    resources,
  });
}

/** A value of any type is stored with it. */
function withType(value: unknown): unknown {
  return value === null || value === undefined ? null : { value, type: typeOf(value) };
}

function typeOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    return ["tuple", value.map(typeOf)];
  }
  if (typeof value === "object" && value !== null) {
    return ["object", Object.fromEntries(Object.entries(value).map(([name, one]) => [name, typeOf(one)]))];
  }
  return value === null ? "dynamic" : typeof value === "boolean" ? "bool" : typeof value;
}
