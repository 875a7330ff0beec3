import type { Action, ResourceAction } from "./actions";

interface Values {
  readonly [name: string]: unknown;
}

/** What is read of a stack's `cdk.tf.json`. */
export interface StackJson {
  readonly resource?: { readonly [type: string]: { readonly [name: string]: Values } };
  readonly removed?: readonly { readonly from: string }[];
}

interface Element {
  readonly type: string;
  readonly values: Values;
}

/** What belongs to Terraform and to cdktf, not to the thing that is made. */
const OF_TERRAFORM = ["//", "provisioner", "connection", "depends_on", "lifecycle", "provider", "timeouts"];

/** Attributes whose change is made in place, by type; all others of the type replace it. */
const IN_PLACE: { readonly [type: string]: readonly string[] | "all" } = {
  terraform_data: ["input"],
  docker_container: ["restart", "memory", "memory_swap", "cpu_shares", "max_retry_count"],
  docker_image: ["keep_locally", "force_remove"],
  aws_fsx_lustre_file_system: [
    "storage_capacity",
    "per_unit_storage_throughput",
    "tags",
    "metadata_configuration",
  ],
  aws_efs_file_system: ["throughput_mode", "tags"],
  aws_instance: ["tags", "monitoring", "iam_instance_profile", "metadata_options"],
};

/**
 * What a deployment of one synthesized stack does where another one runs, as far as the configurations say: without
 * providers, credentials and a state. What refers to a replaced thing changes with it. A type that is not in the table
 * is updated in place.
 */
export function predictedActions(before: StackJson, after: StackJson): readonly ResourceAction[] {
  const [old, now] = [elementsOf(before), elementsOf(after)];
  const forgotten = new Set((after.removed ?? []).map(({ from }) => from));
  const gone = [...old.keys()].filter((address) => !now.has(address));
  const actions = new Map<string, Action>(
    gone.map((address) => [address, forgotten.has(address) ? "forget" : "delete"]),
  );
  for (const [address, element] of now) {
    const action = actionOf(old.get(address), element);
    if (action !== undefined) {
      actions.set(address, action);
    }
  }
  propagate(actions, now);
  return [...actions].map(([address, action]) => ({ address, action }));
}

/** The record of what machines boot with, which replaces them (`cloud-init/text-record.ts`). */
const TEXTS = /^terraform_data\.\w+_texts_[0-9A-F]{8}$/;

/** Addresses of the machines that boot with a cluster's texts, whoever makes them: no type says that of a resource. */
export function bootedMachines(stack: StackJson): ReadonlySet<string> {
  const found = [...elementsOf(stack)].filter(([, { values }]) =>
    triggersOf(values).some((name) => TEXTS.test(name)),
  );
  return new Set(found.map(([address]) => address));
}

function elementsOf({ resource = {} }: StackJson): ReadonlyMap<string, Element> {
  return new Map(
    Object.entries(resource).flatMap(([type, all]) =>
      Object.entries(all).map(([name, values]) => [`${type}.${name}`, { type, values }] as const),
    ),
  );
}

function actionOf(before: Element | undefined, { type, values }: Element): Action | undefined {
  if (before === undefined) {
    return "create";
  }
  const names = new Set([...Object.keys(before.values), ...Object.keys(values)]);
  const changed = [...names].filter(
    (name) =>
      !OF_TERRAFORM.includes(name) && JSON.stringify(before.values[name]) !== JSON.stringify(values[name]),
  );
  return changed.length === 0 ? undefined : byAttributes(type, changed);
}

function byAttributes(type: string, changed: readonly string[]): Action {
  const inPlace = IN_PLACE[type] ?? (type.startsWith("docker_") ? [] : "all");
  return inPlace === "all" || changed.every((name) => inPlace.includes(name)) ? "update" : "replace";
}

/** Until nothing new follows: a replaced thing has new attributes, and replaces what it triggers. */
function propagate(actions: Map<string, Action>, elements: ReadonlyMap<string, Element>): void {
  let before = -1;
  while (before !== actions.size + count(actions, "replace")) {
    before = actions.size + count(actions, "replace");
    for (const [address, { type, values }] of elements) {
      const present = actions.get(address);
      if (present === "create" || present === "replace") {
        continue;
      }
      const follows = consequence(type, values, actions);
      if (follows !== undefined && (present === undefined || follows === "replace")) {
        actions.set(address, follows);
      }
    }
  }
}

function consequence(type: string, values: Values, actions: ReadonlyMap<string, Action>): Action | undefined {
  if (triggersOf(values).some((trigger) => ["update", "replace"].includes(actions.get(trigger) ?? ""))) {
    return "replace";
  }
  const renewed = [...actions].filter(([, action]) => action === "replace" || action === "create");
  const changed = Object.keys(values).filter(
    (name) =>
      !OF_TERRAFORM.includes(name) &&
      renewed.some(([address]) => JSON.stringify(values[name]).includes(`\${${address}.`)),
  );
  return changed.length === 0 ? undefined : byAttributes(type, changed);
}

function triggersOf({ lifecycle }: Values): readonly string[] {
  return (lifecycle as { replace_triggered_by?: readonly string[] } | undefined)?.replace_triggered_by ?? [];
}

function count(actions: ReadonlyMap<string, Action>, wanted: Action): number {
  return [...actions.values()].filter((action) => action === wanted).length;
}
