import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ClusterPlan } from "../../../../lib";
import { containerSpec } from "../../../../lib/runtime/container-spec/make-container-spec";

/** Something that a plan must show. Each kind is one look at the plan. */
export type Check =
  | { readonly argument: string }
  | { readonly device: readonly string[] }
  | { readonly mount: string }
  | { readonly network: "host" }
  | { readonly sharedMemoryMiB: number }
  | { readonly variable: string; readonly is: string }
  /** A variable of every node's container, which `docker exec` sees. */
  | { readonly inContainer: string; readonly is: string }
  | { readonly ray: "head port" | "address"; readonly is: string }
  | { readonly resource: string; readonly perNode: number }
  | { readonly image: string }
  | { readonly storage: string }
  | { readonly source: string }
  | { readonly repository: string }
  | { readonly requirements: string }
  | { readonly text: string }
  /** A file of this repository does it; `holds` is what it does it with. */
  | { readonly file: string; readonly holds: string };

/** One thing that a guide tells a person to do. */
export interface Row {
  /** Part of the guide. */
  readonly part: string;
  /** What a person types or sets. */
  readonly guide: string;
  /** Where this project does it, or why it does not. */
  readonly here: string;
  /** What shows it in the plan; nothing: a deliberate difference, with its reason in `here`. */
  readonly shown?: readonly Check[];
  /** What the plan must not hold, where it differs on purpose. */
  readonly absent?: readonly Check[];
}

/** A guide that is followed by hand, and the stack that takes its place. */
export interface Guide {
  readonly stack: string;
  readonly title: string;
  readonly rows: readonly Row[];
}

const ROOT = join(__dirname, "../../../..");

/** What a check finds wanting in a plan; `undefined`: nothing. */
export function wanting(check: Check, plan: ClusterPlan): string | undefined {
  const found = seen(check, plan);
  return found.holds ? undefined : `${JSON.stringify(check)}: found ${found.instead}`;
}

function seen(check: Check, plan: ClusterPlan): { readonly holds: boolean; readonly instead: string } {
  const specs = plan.nodes.map((node) => containerSpec(plan, node));
  const all = (holds: (spec: (typeof specs)[number]) => boolean, instead: unknown) => ({
    holds: specs.every(holds),
    instead: JSON.stringify(instead),
  });
  if ("argument" in check) {
    const argv = ` ${plan.engine.argv.join(" ")} `;
    return { holds: argv.includes(` ${check.argument} `), instead: argv };
  }
  if ("device" in check) {
    const paths = specs.map(({ devices }) => devices.map(({ hostPath }) => hostPath));
    return all((spec) => check.device.every((path) => spec.devices.some((d) => d.hostPath === path)), paths);
  }
  if ("mount" in check) {
    return all((spec) => spec.mounts.some(({ source }) => source === check.mount), specs[0].mounts);
  }
  if ("network" in check) {
    return all(({ networkMode }) => networkMode === check.network, specs[0].networkMode);
  }
  if ("sharedMemoryMiB" in check) {
    return all((spec) => spec.sharedMemoryMiB >= check.sharedMemoryMiB, specs[0].sharedMemoryMiB);
  }
  if ("variable" in check) {
    const { cluster, node, driver } = plan.environment;
    const own = plan.nodes.map(({ environment }) => environment?.[check.variable]);
    const value = cluster[check.variable] ?? node[check.variable] ?? driver[check.variable];
    const values = own.some((each) => each !== undefined) ? own.join(",") : value;
    return { holds: values === check.is, instead: String(values) };
  }
  if ("inContainer" in check) {
    const values = specs.map(({ environment }) => environment[check.inContainer]);
    return all((spec) => spec.environment[check.inContainer] === check.is, values);
  }
  if ("ray" in check) {
    const gcs = plan.ports.find(({ name }) => name === "gcs")?.from;
    const value = check.ray === "head port" ? String(gcs) : `${plan.nodes[0].address}:${gcs}`;
    return { holds: value === check.is, instead: value };
  }
  if ("resource" in check) {
    const pools = plan.pools.map(({ rayResource, acceleratorsPerNode }) => [
      rayResource,
      acceleratorsPerNode,
    ]);
    const holds = pools.every(([name, count]) => name === check.resource && count === check.perNode);
    return { holds, instead: JSON.stringify(pools) };
  }
  if ("image" in check) {
    const { reference, derived } = plan.image;
    const image = derived?.base ?? reference;
    return { holds: image.startsWith(check.image), instead: image };
  }
  if ("storage" in check) {
    const folders = plan.storage.map(({ hostPath, mountPath }) => `${hostPath}:${mountPath}`);
    return { holds: folders.includes(check.storage), instead: folders.join(", ") };
  }
  if ("source" in check) {
    const location = plan.staging?.models[0].source.location;
    return { holds: location === check.source, instead: String(location) };
  }
  if ("repository" in check || "requirements" in check) {
    const sources = plan.image.derived?.sources ?? [];
    const holds = sources.some(({ repository, requirements }) =>
      "repository" in check ? repository === check.repository : requirements === check.requirements,
    );
    return { holds, instead: JSON.stringify(sources) };
  }
  if ("text" in check) {
    const texts = (plan.engine.texts ?? []).map(({ text }) => text).join("\n");
    return { holds: texts.includes(check.text), instead: texts };
  }
  const path = join(ROOT, check.file);
  const holds = existsSync(path) && readFileSync(path, "utf8").includes(check.holds);
  return { holds, instead: existsSync(path) ? "a file without it" : "no such file" };
}

/** The page of a guide. */
export function guideMarkdown({ stack, title, rows }: Guide): string {
  const parts = [...new Set(rows.map(({ part }) => part))];
  const cell = (text: string) => text.replace(/\|/g, "\\|");
  const table = (part: string) =>
    [
      `## ${part}`,
      "",
      "| by hand | here |",
      "| --- | --- |",
      ...rows
        .filter((row) => row.part === part)
        .map(({ guide, here, shown }) => `| ${cell(guide)} | ${shown ? "" : "**differs**: "}${cell(here)} |`),
      "",
    ].join("\n");
  return [
    `# ${title}`,
    "",
    `What a person does by hand, line by line, and where the stack [\`${stack}\`](../${stack}.ts) does it. A test`,
    "looks for every line in the plan; this page is made from its table.",
    "",
    ...parts.map(table),
  ].join("\n");
}
